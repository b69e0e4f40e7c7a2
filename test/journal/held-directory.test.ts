// A directory that its owner looks after: what is a loss, what is none, and what cannot be told.
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { HeldDirectory } from '../../journal/held-directory.ts'
import { ownerPath, takeOwnership } from '../../journal/owner.ts'
import { faultCode } from '../fixtures/blocks.ts'
import { DataDirectory } from '../fixtures/data-directory.ts'
import { tempDirectories } from '../fixtures/temp-directory.ts'

vi.mock('node:fs', { spy: true })

const newDirectory = tempDirectories()
const SEGMENTS = 3

async function held(): Promise<{ directory: DataDirectory; root: string; held: HeldDirectory }> {
  const directory = await DataDirectory.write(newDirectory(), SEGMENTS)
  const { root } = directory.paths
  const found = new HeldDirectory(directory.paths, takeOwnership(root))
  onTestFinished(() => found.release())
  found.requireHeld()
  return { directory, root, held: found }
}

/** The same files under the same name, and none of those that were there. */
function replaceByCopy(path: string): void {
  cpSync(path, `${path}-copy`, { recursive: true })
  renameSync(path, `${path}-old`)
  renameSync(`${path}-copy`, path)
}

function newest({ paths }: DataDirectory): string {
  return join(paths.journal, readdirSync(paths.journal).sort().at(-1) ?? '')
}

describe('a directory is lost when', () => {
  const losses: [string, (root: string, directory: DataDirectory) => void][] = [
    ['it is removed', (root) => rmSync(root, { recursive: true })],
    ['it is moved', (root) => renameSync(root, `${root}-moved`)],
    ['it is replaced by a copy of itself', replaceByCopy],
    [
      'a file takes its place',
      (root) => {
        rmSync(root, { recursive: true })
        writeFileSync(root, '')
      },
    ],
    ['its owner file is removed', (root) => rmSync(ownerPath(root, 1))],
    ['its owner file is replaced by a copy', (root) => replaceByCopy(ownerPath(root, 1))],
    ['a newer owner takes it', (root) => copyFileSync(ownerPath(root, 1), ownerPath(root, 2))],
    ['its journal is removed', (_, { paths }) => rmSync(paths.journal, { recursive: true })],
    ['its journal is replaced by a copy', (_, { paths }) => replaceByCopy(paths.journal)],
    ['its newest segment is removed', (_, of) => rmSync(newest(of), { recursive: true })],
    ['its newest segment is emptied', (_, of) => rmSync(join(newest(of), 'data.mdb'))],
  ]
  test.each(losses)('%s', async (_, lose) => {
    const { directory, root, held: own } = await held()
    lose(root, directory)
    expect(await faultCode(() => own.requireHeld())).toBe('journal_taken')
  })

  test('a newer owner takes it, who is named', async () => {
    const { root, held: own } = await held()
    const owner = JSON.parse(readFileSync(ownerPath(root, 1), 'utf8'))
    const other = { ...owner, pid: 4_711, host: 'elsewhere' }
    writeFileSync(ownerPath(root, 2), JSON.stringify(other))
    expect(() => own.requireHeld()).toThrow('process 4711 on elsewhere took it')
  })
})

describe('a directory is still held when', () => {
  test('older segments are archived and newer ones begin', async () => {
    const { directory, held: own } = await held()
    const [oldest, ...others] = readdirSync(directory.paths.journal).sort()
    rmSync(join(directory.paths.journal, oldest ?? ''), { recursive: true })
    expect(others.length).toBeGreaterThan(0)
    own.requireHeld()
    const next = join(directory.paths.journal, 'segment-0000000000009999')
    mkdirSync(next)
    copyFileSync(join(newest(directory), '..', others.at(-1) ?? '', 'data.mdb'), `${next}/data.mdb`)
    own.requireHeld()
    rmSync(next, { recursive: true })
    expect(await faultCode(() => own.requireHeld()), 'now it is the newest').toBe('journal_taken')
  })

  test('it has no journal yet', () => {
    const root = newDirectory()
    const paths = { root, journal: join(root, 'journal'), snapshots: join(root, 'snapshots') }
    const own = new HeldDirectory(paths, takeOwnership(root))
    onTestFinished(() => own.release())
    expect(() => own.requireHeld()).not.toThrow()
  })

  test.each(['EMFILE', 'ENFILE', 'EIO', 'EACCES'])('nobody can look: %s', async (code) => {
    const { held: own } = await held()
    vi.mocked(readdirSync).mockImplementationOnce(() => {
      throw Object.assign(new Error(code), { code })
    })
    expect(() => own.requireHeld()).not.toThrow()
    vi.mocked(readdirSync).mockReset()
  })
})
