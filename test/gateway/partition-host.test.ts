// A partition's host when its directory is taken from it: it says so, answers no more, and does not end as a success.
import { renameSync, rmSync } from 'node:fs'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { loadConfig } from '../../gateway/config.ts'
import type { EmbeddedPartition } from '../../gateway/embedded-partition.ts'
import { PartitionHost } from '../../gateway/partition-host.ts'
import type { Answer } from '../../gateway/partition-port.ts'
import { localTerms } from '../../gateway/recover.ts'
import { serveSettings } from '../../gateway/settings.ts'
import { faultCode } from '../fixtures/blocks.ts'
import { open, reserve } from '../fixtures/commands.ts'
import { tempDirectories } from '../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()

function hostOf(data: string): { host: PartitionHost; fault: Promise<unknown> } {
  let tell: (fault: unknown) => void = () => undefined
  const fault = new Promise<unknown>((resolve) => {
    tell = resolve
  })
  const host = new PartitionHost({
    settings: loadConfig(serveSettings, { data }, {}),
    ...{ partition: 0, partitionCount: 1, logger: pino({ level: 'silent' }), onFault: tell },
  })
  return { host, fault }
}

function ask(selling: EmbeddedPartition, command: Parameters<EmbeddedPartition['submit']>[0]) {
  return new Promise<Answer>((answer) => selling.submit(command, { answer }))
}

test('one whose directory is replaced tells it, and answers no more', async () => {
  const data = newDirectory()
  const { host, fault } = hostOf(data)
  const selling = await host.open(localTerms(host.takeDirectory()))
  expect((await ask(selling, open(9))).kind).toBe('sku')
  renameSync(data, `${data}-old`)
  expect(await fault).toMatchObject({ code: 'journal_taken' })
  const answer = await ask(selling, reserve('late'))
  expect(answer).toEqual({ kind: 'fault', code: 'partition_unavailable' })
  expect(await faultCode(() => host.close(0))).toBe('journal_taken')
})

test('one whose directory goes right before it ends does not end as if all were well', async () => {
  const data = newDirectory()
  const { host } = hostOf(data)
  const selling = await host.open(localTerms(host.takeDirectory()))
  expect((await ask(selling, open(9))).kind).toBe('sku')
  rmSync(data, { recursive: true })
  await host.drain()
  expect(await faultCode(() => host.close(0))).toBe('journal_taken')
})

test('one whose directory went while it recovered does not begin to sell', async () => {
  const data = newDirectory()
  const { host } = hostOf(data)
  const terms = localTerms(host.takeDirectory())
  const opened = host.open((end) => {
    rmSync(data, { recursive: true })
    return terms(end)
  })
  expect(['journal_taken', 'journal_unreadable']).toContain(await faultCode(() => opened))
})
