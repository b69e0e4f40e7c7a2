// What linters miss: sizes, first lines, names, forgotten notes, machine paths, and who imports whom.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  allPaths,
  importsOf,
  ROOT,
  type SourceFile,
  sourceFiles,
  targetOf,
  topFolders,
} from '../fixtures/source-files.ts'

const LINES_MAX = 400
const FOLDERS = [
  '.ci',
  'bench',
  'bin',
  'core',
  'deploy',
  'docs',
  'gateway',
  'journal',
  'replay',
  'test',
]

/** What each room may import, by room; npm packages apart. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  core: ['core'],
  journal: ['journal', 'core'],
  replay: ['replay', 'core', 'journal'],
  gateway: ['gateway', 'core', 'journal', 'replay'],
  bench: ['bench', 'core', 'journal', 'replay', 'gateway'],
  bin: ['bin', 'dist'],
  test: ['test', 'bench', 'core', 'journal', 'replay', 'gateway'],
}

/** npm packages that a room may import; rooms that are not named may import any that package.json names. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  core: [],
  journal: ['lmdb', 'msgpackr'],
  replay: ['commander', 'uplot'],
}

const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  name: string
  dependencies: Record<string, string>
}

const NOTES = new RegExp(
  `\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`,
)
const DEAD_CODE =
  /^\s*\/\/\s*((const|let|var) \w+ =|import .* from ['"]|export (const|function|class)\b|return\b.*[;)]$|await \w.*\)$|\}\s*$|.*;\s*$)/m
const PLACES = [
  /\/(work|root|home|tmp)\//,
  /\.\.\/shared\b/,
  /https?:\/\/[\w.-]*(registry|npmmirror|artifactory)/,
]

const roomOf = (path: string): string => path.split('/')[0] ?? ''
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
const files = sourceFiles()
const inRooms = files.filter(({ path }) => path.includes('/'))

/** The files that `isWrong` finds fault with, by path. */
const wrong = (among: readonly SourceFile[], isWrong: (file: SourceFile) => boolean): string[] =>
  among.filter(isWrong).map(({ path }) => path)

describe('the tree', () => {
  test('has these folders at its top and no others', () => {
    expect(FOLDERS).toEqual(expect.arrayContaining(topFolders()))
  })

  test('has sources in every room', () => {
    for (const room of Object.keys(ROOMS)) {
      expect(
        files.some(({ path }) => roomOf(path) === room),
        room,
      ).toBe(true)
    }
    expect(files.length).toBeGreaterThan(150)
  })

  test('names no file after what it is good for in general', () => {
    const vague = /(^|\/|-)(utils?|helpers?|common|misc|shared)(\.|-|\/)|(^|\/)index\./
    expect(allPaths().filter((path) => vague.test(path))).toEqual([])
  })
})

describe('a source file', () => {
  test(`has at most ${LINES_MAX} lines`, () => {
    expect(wrong(files, ({ text }) => text.trimEnd().split('\n').length > LINES_MAX)).toEqual([])
  })

  test('says in its first line what lives there', () => {
    const first = (text: string) => text.replace(/^#!.*\n/, '').split('\n')[0] ?? ''
    const silent = wrong(inRooms, ({ text }) => !/^\/\/ \S.{15,}/.test(first(text)))
    expect(silent).toEqual([])
  })

  test('holds no notes to self', () => {
    expect(wrong(files, ({ text }) => NOTES.test(text))).toEqual([])
  })

  test('holds no code that is commented out', () => {
    expect(wrong(files, ({ text }) => DEAD_CODE.test(text))).toEqual([])
    expect('// const a = 1').toMatch(DEAD_CODE)
    expect('  // return total(order)').toMatch(DEAD_CODE)
    expect('// a sentence; and another one.').not.toMatch(DEAD_CODE)
  })

  test('imports by a relative path with its extension, or a package or Node by name', () => {
    for (const file of inRooms) {
      for (const specifier of importsOf(file)) {
        if (!specifier.startsWith('.')) continue
        expect(specifier, file.path).toMatch(/\.(ts|js)$/)
      }
    }
  })
})

describe('a room', () => {
  test.each(Object.entries(ROOMS))('%s imports from %j only', (room, allowed) => {
    for (const file of inRooms.filter(({ path }) => roomOf(path) === room)) {
      for (const specifier of importsOf(file)) {
        if (!specifier.startsWith('.')) continue
        expect(allowed, `${file.path} imports ${specifier}`).toContain(
          roomOf(targetOf(file, specifier)),
        )
      }
    }
  })

  test.each(Object.entries(PACKAGES))('%s imports of the packages %j only', (room, allowed) => {
    for (const file of inRooms.filter(({ path }) => roomOf(path) === room)) {
      for (const specifier of importsOf(file)) {
        if (specifier.startsWith('.')) continue
        if (room !== 'core' && specifier.startsWith('node:')) continue
        expect(allowed, `${file.path} imports ${specifier}`).toContain(specifier)
      }
    }
  })

  test.each(['core', 'journal', 'gateway', 'replay'])(
    '%s runs without dev dependencies',
    (room) => {
      const installed = [MANIFEST.name, ...Object.keys(MANIFEST.dependencies)]
      for (const file of inRooms.filter(({ path }) => roomOf(path) === room)) {
        // A type is nothing that runs.
        const text = file.text.replace(/^import type [^']*'[^']+'/gm, '')
        for (const specifier of importsOf({ ...file, text })) {
          if (/^(\.|node:|#)/.test(specifier)) continue
          expect(installed, `${file.path} imports ${specifier}`).toContain(packageOf(specifier))
        }
      }
    },
  )

  test('bin needs nothing installed, but for the bundling after an installation', () => {
    for (const file of inRooms.filter(({ path }) => roomOf(path) === 'bin')) {
      const packages = importsOf(file).filter((specifier) => !/^(\.|node:)/.test(specifier))
      expect(packages, file.path).toEqual(file.path === 'bin/bundle.js' ? ['rolldown'] : [])
    }
  })

  test('core knows nothing of the world, whatever way a file might reach for it', () => {
    const outside =
      /\b(Date|process|Buffer|setTimeout|setImmediate|performance|crypto)\b\s*[.(]|Math\.random|\bawait\b|\bPromise\b|\bconsole\./
    const code = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
    const core = inRooms.filter(({ path }) => roomOf(path) === 'core')
    expect(wrong(core, ({ text }) => outside.test(code(text)))).toEqual([])
  })
})

describe('a file of any kind', () => {
  const texts = allPaths().filter((path) => !/\.(gz|bin|png|ico|mdb|hfs)$/.test(path))

  test('names no place of one machine, and no registry', () => {
    const own = 'test/tidy/files.test.ts'
    const found = texts.filter((path) => {
      if (path === own) return false
      const text = readFileSync(join(ROOT, path), 'utf8')
      return PLACES.some((place) => place.test(text))
    })
    expect(found).toEqual([])
  })

  test('ends with a line feed, and has no carriage returns', () => {
    const found = texts.filter((path) => {
      const text = readFileSync(join(ROOT, path), 'utf8')
      return text.includes('\r\n') || (text !== '' && !text.endsWith('\n'))
    })
    expect(found).toEqual([])
  })
})
