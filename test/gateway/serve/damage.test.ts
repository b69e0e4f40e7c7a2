// Bad input: data directories that must not be served from. The server says why and what to do, and changes nothing.
import { cpSync, mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../../gateway/config.ts'
import { PartitionHost } from '../../../gateway/partition-host.ts'
import { localTerms } from '../../../gateway/recover.ts'
import { serveSettings } from '../../../gateway/settings.ts'
import { decodeBlock, encodeBlock } from '../../../journal/block-codec.ts'
import type { JournalFaultCode } from '../../../journal/errors.ts'
import { blockKey } from '../../../journal/lmdb-environment.ts'
import { blockAt, IDENTITY } from '../../fixtures/blocks.ts'
import { BLOCK_EVENTS, DataDirectory } from '../../fixtures/data-directory.ts'
import { endServersAfterEach, fatalLine, RealServer } from '../../fixtures/real-server.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()
endServersAfterEach()

const OTHER = { ...IDENTITY, clusterId: 'ffeeddccbbaa99887766554433221100' }
const BLOCKS = 4
/** Seq of the first event of the block with index 2, which lies in the middle. */
const MIDDLE = 1 + 2 * BLOCK_EVENTS

const xor = (bytes: Buffer, offset: number, mask = 0xff): Buffer => {
  bytes[offset] = (bytes[offset] ?? 0) ^ mask
  return bytes
}

interface Damage {
  readonly name: string
  readonly code: JournalFaultCode
  /** What the message must name. */
  readonly words: RegExp
  readonly doing: (directory: DataDirectory) => unknown
}

const DAMAGES: readonly Damage[] = [
  {
    name: 'row 52: the newest segment cut off',
    code: 'journal_damaged',
    words:
      /segment-0000000000000010\/data\.mdb is damaged: it is shorter than it says: it was cut off\. Restore/,
    doing: (directory) => {
      const file = directory.segmentFile(BLOCKS - 1)
      truncateSync(file, statSync(file).size - 4_096)
    },
  },
  {
    name: 'row 52: the newest segment cut off after its first page',
    code: 'journal_damaged',
    words: /data\.mdb .*Restore/,
    doing: (directory) => truncateSync(directory.segmentFile(BLOCKS - 1), 4_096),
  },
  {
    name: 'row 52: the newest segment emptied',
    code: 'journal_damaged',
    words: /segment-0000000000000010.data\.mdb is damaged: .*Restore/,
    doing: (directory) => truncateSync(directory.segmentFile(BLOCKS - 1), 0),
  },
  {
    name: 'row 52: the newest segment missing',
    code: 'journal_gap',
    words: /segment-0000000000000007 was closed, but .*segment-0000000000000010.* is missing/,
    doing: (directory) => rmSync(directory.segment(BLOCKS - 1), { recursive: true }),
  },
  {
    name: 'row 52: a bit of the last commit of LMDB flipped',
    code: 'journal_damaged',
    words: /data\.mdb is damaged: .*commit/,
    doing: (directory) =>
      directory.editFile(directory.segmentFile(BLOCKS - 1), (bytes) => {
        // The newer meta page's number of its commit: with it gone LMDB would take the older one.
        const slot = bytes.readUInt32LE(152) > bytes.readUInt32LE(4_096 + 152) ? 0 : 4_096
        return xor(bytes, slot + 152, 2)
      }),
  },
  {
    name: 'row 52: an old segment emptied',
    code: 'journal_damaged',
    words: /data\.mdb .*Restore/,
    doing: (directory) => truncateSync(directory.segmentFile(1), 0),
  },
  {
    name: 'row 53: a bit of an old block flipped',
    code: 'journal_damaged',
    words: /data\.mdb, block at seq 7 is damaged: its checksum does not match\. Restore/,
    doing: (directory) => directory.editBlock(2, MIDDLE, (bytes) => xor(bytes, 80, 1)),
  },
  {
    name: 'row 53: a bit of an old block flipped in the file itself',
    code: 'journal_damaged',
    words: /data\.mdb, block at seq 4 is damaged/,
    doing: (directory) =>
      directory.editFile(directory.segmentFile(1), (bytes) => {
        // Pages that LMDB has let go of may still hold the block: every copy is hit.
        for (let at = bytes.indexOf('HFJB'); at >= 0; at = bytes.indexOf('HFJB', at + 1)) {
          if (bytes.readUInt32BE(at + 40) === BLOCK_EVENTS) xor(bytes, at + 70)
        }
        return bytes
      }),
  },
  {
    name: 'row 53: a block cut in half',
    code: 'journal_damaged',
    words: /block at seq 7 is damaged: it has \d+ bytes of \d+/,
    doing: (directory) => directory.editBlock(2, MIDDLE, (bytes) => bytes.subarray(0, 90)),
  },
  {
    name: 'row 53: a block that is none',
    code: 'journal_damaged',
    words: /block at seq 7 is damaged: it does not begin like a block/,
    doing: (directory) => directory.editBlock(2, MIDDLE, () => Buffer.from('hello')),
  },
  {
    name: 'row 54: a segment missing in the middle',
    code: 'journal_gap',
    words: /block at seq 10 begins at seq 10, but seq 7 comes next.*Restore the missing segment/,
    doing: (directory) => rmSync(directory.segment(2), { recursive: true }),
  },
  {
    name: 'row 54: the first segment missing',
    code: 'journal_gap',
    words: /begins at seq 4, but seq 1 comes next/,
    doing: (directory) => rmSync(directory.segment(0), { recursive: true }),
  },
  {
    name: 'row 54: a block missing inside a segment',
    code: 'journal_gap',
    words: /seq 7 comes next/,
    doing: (directory) =>
      directory.edit(2, async (environment) => {
        await environment.remove(blockKey(MIDDLE))
        // Twice, so that the count of entries of the commit before gives nothing away.
        await environment.put(blockKey(99), Buffer.alloc(0), {})
        await environment.remove(blockKey(99))
        await environment.put(blockKey(99), Buffer.alloc(0), {})
      }),
  },
  {
    name: 'row 55: a block replaced by another of the same seq',
    code: 'journal_damaged',
    words: /block at seq 10 does not chain to the block before it \(seq 9\)/,
    doing: (directory) =>
      directory.editBlock(2, MIDDLE, (bytes) => {
        const { header } = decodeBlock(bytes, 'test')
        return encodeBlock(IDENTITY, header, blockAt(MIDDLE, BLOCK_EVENTS, 'eve').events).bytes
      }),
  },
  {
    name: 'row 55: a second block for seqs that are there',
    code: 'journal_gap',
    words: /begins at seq 8, but seq 10 comes next.*missing or doubled/,
    doing: (directory) =>
      directory.edit(2, (environment) => {
        const position = { epoch: 1, firstSeq: MIDDLE + 1, previousHash: Buffer.alloc(16) }
        const { bytes } = encodeBlock(IDENTITY, position, blockAt(MIDDLE + 1, 1).events)
        return environment.put(blockKey(MIDDLE + 1), bytes, {})
      }),
  },
  {
    name: 'row 55: a block moved to another seq',
    code: 'journal_damaged',
    words: /block at seq 13 says that it begins at seq 10: it was moved/,
    doing: (directory) =>
      directory.edit(3, async (environment) => {
        const bytes = environment.get(blockKey(10))
        await environment.put(blockKey(13), Buffer.from(bytes ?? []), {})
      }),
  },
  {
    name: 'row 56: a block of a newer format',
    code: 'journal_newer',
    words: /block at seq 7 was written in format 7; this version reads up to 1\. Use the version/,
    doing: (directory) =>
      directory.editBlock(2, MIDDLE, (bytes) => {
        bytes.writeUInt16BE(7, 4)
        return bytes
      }),
  },
  {
    name: 'row 58: a journal of two partitions',
    code: 'journal_mispartitioned',
    words: /is of partition 0\/2, not 0\/1\. Start with the partition count/,
    doing: (directory) => rewrite(directory, { ...IDENTITY, partitionCount: 2 }),
  },
  {
    name: 'row 58: the journal of another partition',
    code: 'journal_mispartitioned',
    words: /is of partition 3\/1, not 0\/1/,
    doing: (directory) => rewrite(directory, { ...IDENTITY, partition: 3 }),
  },
  {
    name: 'row 58: a segment of another cluster',
    code: 'journal_foreign',
    words: new RegExp(`belongs to cluster ${OTHER.clusterId}, not to ${IDENTITY.clusterId}`),
    doing: async (directory) => {
      const other = await DataDirectory.write(newDirectory(), BLOCKS, OTHER)
      rmSync(directory.segment(2), { recursive: true })
      cpSync(other.segment(2), join(directory.paths.journal, 'segment-0000000000000007'), {
        recursive: true,
      })
    },
  },
  {
    name: 'row 58: a snapshot of another cluster',
    code: 'journal_foreign',
    words: new RegExp(`belongs to cluster ${IDENTITY.clusterId}, not to ${OTHER.clusterId}`),
    doing: async (directory) => {
      const other = await DataDirectory.write(newDirectory(), BLOCKS, OTHER)
      await other.snapshot(OTHER)
      cpSync(other.paths.snapshots, directory.paths.snapshots, { recursive: true })
    },
  },
  {
    name: 'row 58: a snapshot that says it is of another cluster',
    code: 'journal_foreign',
    words: /belongs to cluster/,
    doing: (directory) => directory.snapshot(OTHER),
  },
  {
    name: 'row 59: a snapshot of events that the journal has lost',
    code: 'snapshot_ahead',
    words: /events up to seq 12, which the journal does not have.*restore the journal/,
    doing: async (directory) => {
      await directory.snapshot()
      const kept = await DataDirectory.write(newDirectory(), BLOCKS - 1)
      rmSync(directory.paths.journal, { recursive: true })
      cpSync(kept.paths.journal, directory.paths.journal, { recursive: true })
    },
  },
  {
    name: 'row 59: a snapshot without any journal',
    code: 'snapshot_ahead',
    words: /seq 12/,
    doing: async (directory) => {
      await directory.snapshot()
      rmSync(directory.paths.journal, { recursive: true })
    },
  },
  {
    name: 'row 62: a file of another format of LMDB',
    code: 'journal_damaged',
    words: /data\.mdb is damaged: it does not begin like a file of this version of LMDB\. Restore/,
    doing: (directory) =>
      directory.editFile(directory.segmentFile(1), (bytes) => {
        bytes.writeUInt16LE(1, 28)
        return bytes
      }),
  },
  {
    name: 'row 62: a file that is no LMDB file',
    code: 'journal_damaged',
    words: /data\.mdb is damaged: it does not begin like a file/,
    doing: (directory) => writeFileSync(directory.segmentFile(3), 'hello'.repeat(4_000)),
  },
  {
    name: 'row 62: a folder where the file should be',
    code: 'journal_unreadable',
    words: /data\.mdb cannot be read: .*Check its owner/,
    doing: (directory) => {
      rmSync(directory.segmentFile(3))
      mkdirSync(directory.segmentFile(3))
    },
  },
]

describe('a data directory', () => {
  test('that is whole is served from, and its state is that of its journal', async () => {
    const directory = await DataDirectory.write(newDirectory(), BLOCKS)
    const server = await RealServer.start(directory.data)
    expect(await server.line('recovered')).toMatchObject({ replayed: 12, snapshotSeq: 0, epoch: 2 })
    expect((await server.end('SIGTERM')).status).toBe(0)
  })

  test.each(DAMAGES)('with $name is refused, by name, and left as it is', async (damage) => {
    const directory = await DataDirectory.write(newDirectory(), BLOCKS)
    await damage.doing(directory)
    const before = directory.fingerprint()
    const fault = await refusal(directory.data)
    expect(fault).toMatchObject({ code: damage.code })
    expect(String(fault)).toMatch(damage.words)
    expect(directory.fingerprint(), 'nothing was changed').toEqual(before)
  })

  const oneOfEach = DAMAGES.filter(
    ({ code }, index) => DAMAGES.findIndex((damage) => damage.code === code) === index,
  )
  test.each(oneOfEach)(
    'that is refused as $code ends the server, which says why',
    async (damage) => {
      const directory = await DataDirectory.write(newDirectory(), BLOCKS)
      await damage.doing(directory)
      const before = directory.fingerprint()
      const ended = await RealServer.refuse(directory.data)
      const { status, signal, stdout, stderr } = ended
      expect({ status, signal }, stdout + stderr).toEqual({ status: 1, signal: null })
      expect(fatalLine(ended), stdout + stderr).toMatchObject({ err: { code: damage.code } })
      expect(fatalLine(ended)?.msg).toMatch(damage.words)
      expect(directory.fingerprint(), 'nothing was changed').toEqual(before)
    },
  )

  const brokenSnapshots: [string, (bytes: Buffer) => Buffer][] = [
    ['with a bit flipped', (bytes) => xor(bytes, bytes.length >> 1, 1)],
    ['cut off', (bytes) => bytes.subarray(0, bytes.length - 20)],
    ['emptied', () => Buffer.alloc(0)],
    ['with bytes behind', (bytes) => Buffer.concat([bytes, Buffer.from('x')])],
  ]
  test.each(brokenSnapshots)(
    'row 60: with a snapshot %s is served from by replay, with a warning',
    async (_, change) => {
      const directory = await DataDirectory.write(newDirectory(), BLOCKS)
      const snapshot = await directory.snapshot()
      directory.editFile(snapshot, change)
      const server = await RealServer.start(directory.data)
      expect(await server.line('snapshot skipped')).toMatchObject({ level: 40, snapshot })
      expect(await server.line('recovered')).toMatchObject({ replayed: 12, snapshotSeq: 0 })
      const ended = await server.end('SIGTERM')
      expect(ended.status).toBe(0)
      const { stateHash } = ended.lines.find(({ msg }) => msg === 'stopped') ?? {}
      expect(await directory.hash()).toBe(stateHash)
    },
  )

  test('row 60: with a broken snapshot falls back to the one before', async () => {
    const directory = await DataDirectory.write(newDirectory(), 2)
    await directory.snapshot()
    const server = await RealServer.start(directory.data)
    expect((await server.open(5, 'hat')).status).toBe(201)
    await server.end('SIGTERM')
    const newest = await directory.snapshot()
    directory.editFile(newest, (bytes) => xor(bytes, 40))
    const again = await RealServer.start(directory.data)
    expect(await again.line('recovered')).toMatchObject({ snapshotSeq: 6 })
    expect((await again.call('GET', '/v1/skus/hat')).status).toBe(200)
  })
})

describe('a data directory that cannot be used', () => {
  test('row 51: because a file lies in its place is refused with path and reason', async () => {
    const file = join(newDirectory(), 'data')
    writeFileSync(file, 'hello')
    const ended = await RealServer.refuse(file)
    expect(ended.status).toBe(1)
    expect(fatalLine(ended)?.msg).toContain(file)
    expect(fatalLine(ended)).toMatchObject({ err: { code: 'ENOTDIR' } })
  })

  test('row 51: because a file lies where the journal should is refused with its path', async () => {
    const directory = new DataDirectory(newDirectory())
    directory.editFile(directory.paths.journal, () => Buffer.from('hello'))
    const ended = await RealServer.refuse(directory.data)
    expect(ended.status).toBe(1)
    expect(fatalLine(ended)?.msg).toContain(directory.paths.journal)
  })

  test.skipIf(process.getuid?.() === 0)('row 51: because it may not be written', async () => {
    const data = newDirectory()
    const locked = join(data, 'locked')
    mkdirSync(locked, { mode: 0o500 })
    const ended = await RealServer.refuse(locked)
    expect(ended.status).toBe(1)
    expect(fatalLine(ended)).toMatchObject({ err: { code: 'EACCES' } })
  })

  test('row 51: that is missing is made, with everything above it', async () => {
    const server = await RealServer.start(join(newDirectory(), 'not', 'there', 'yet'))
    expect((await server.open(1)).status).toBe(201)
  })
})

/** What the owner of a partition says to the directory, whichever process it is part of. */
async function refusal(data: string): Promise<unknown> {
  const host = new PartitionHost({
    settings: loadConfig(serveSettings, { data }, {}),
    partition: 0,
    partitionCount: 1,
    logger: pino({ level: 'silent' }),
    onFault: () => undefined,
  })
  try {
    await host.open(localTerms(host.takeDirectory()))
    return undefined
  } catch (fault) {
    return fault
  } finally {
    await host.close(0)
  }
}

/** The same events, as a journal of `identity`. */
async function rewrite(directory: DataDirectory, identity: typeof IDENTITY): Promise<void> {
  rmSync(directory.paths.journal, { recursive: true })
  await DataDirectory.write(directory.data, BLOCKS, identity)
}
