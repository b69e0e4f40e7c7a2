// Replay beside a running server: its journal grows while it is read, and neither of the two notices the other.
import { expect, test } from 'vitest'
import { endServersAfterEach, RealServer, runHoldfast } from '../../fixtures/real-server.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()
endServersAfterEach()

/** Clients that ask as fast as they are answered. */
const CLIENTS = 2

test('a journal that is being written is read without an error, and sold from without one', async () => {
  const data = newDirectory()
  const server = await RealServer.start(data)
  await server.open(1_000_000)
  let isOver = false
  let sold = 0
  const client = async (number: number) => {
    for (let round = 0; !isOver; round++) {
      const { status } = await server.reserve(`key-${number}-${round}`)
      expect(status).toBe(201)
      sold++
    }
  }
  const clients = Array.from({ length: CLIENTS }, (_, number) => client(number))
  const seqs: number[] = []
  for (const words of [['verify'], ['state'], ['snapshot'], ['verify'], ['plan']]) {
    const { status, stdout, stderr } = await runHoldfast(['replay', ...words, data, '--json'])
    expect([status, stderr], `${words[0]}: ${stdout}`).toEqual([0, ''])
    const report = JSON.parse(stdout)
    seqs.push(report.lastSeq ?? report.seq)
    if (words[0] === 'verify') expect(report.discrepancies).toEqual([])
  }
  isOver = true
  await Promise.all(clients)
  expect(seqs, 'each saw more than the one before').toEqual(
    [...new Set(seqs)].sort((a, b) => a - b),
  )
  const hash = await server.hash()
  const { status } = await server.end('SIGTERM')
  expect(status).toBe(0)
  const { stdout } = await runHoldfast(['replay', 'verify', data, '--json'])
  const report = JSON.parse(stdout)
  expect(report).toMatchObject({ stateHash: hash, discrepancies: [] })
  expect(report.events.reserved).toBe(sold)
})
