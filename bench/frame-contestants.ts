// Commands over NATS: many to a frame, straight to a partition, and one to a message, answered by an echo.
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { idOfKey } from '../gateway/api/new-reservation-id.ts'
import { NatsServer } from '../gateway/cluster/nats-server.ts'
import { encodeCommandFrame } from '../gateway/nats/frame.ts'
import { type RunningCluster, startCluster } from './cluster-contestants.ts'
import { endChild } from './constant-process.ts'
import type { Contestant } from './contestant.ts'
import { loadEcho, loadFrames } from './frame-load.ts'
import { checkHeld, openSkus } from './http-load.ts'

export const FRAMES = 'Holdfast, frames client → partition'
export const ECHO = 'NATS echo, one command a message'
const ECHO_SERVER = fileURLToPath(new URL('./echo-server.js', import.meta.url))
const ECHO_SUBJECT = 'bench.echo'

/** Reserve commands of a client in frames to the owner; durable. */
export function frames(): Contestant {
  let running: RunningCluster | undefined
  let made = 0
  return {
    name: FRAMES,
    role: 'ours',
    durability: 'one fdatasync per commit, before the answer',
    open: async () => {
      running = await startCluster()
      await openSkus(running.url)
    },
    run: async (seconds) => {
      const run = await loadFrames(String(running?.cluster.nats.url), seconds)
      made += run.made
      return { perSecond: run.perSecond, requestsPerSecond: run.perSecond }
    },
    check: () => checkHeld(String(running?.url), made),
    close: async () => running?.stop(),
  }
}

/** NATS request/reply with a message for each command, and nothing behind it. */
export function echo(): Contestant {
  let running: RunningEcho | undefined
  return {
    name: ECHO,
    role: 'limit',
    durability: 'none: nothing is kept',
    open: async () => {
      running = await startEcho()
    },
    run: async (seconds) => {
      const perSecond = await loadEcho(String(running?.url), ECHO_SUBJECT, singleCommand(), seconds)
      return { perSecond, requestsPerSecond: perSecond }
    },
    check: async () => undefined,
    close: async () => running?.stop(),
  }
}

interface RunningEcho {
  readonly url: string
  stop(): Promise<void>
}

async function startEcho(): Promise<RunningEcho> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const nats = new NatsServer({ directory })
  await nats.start()
  const child = fork(ECHO_SERVER, [nats.url, ECHO_SUBJECT])
  await new Promise((resolve) => child.once('message', resolve))
  return {
    url: nats.url,
    stop: async () => {
      await endChild(child)
      await nats.stop()
      rmSync(directory, { recursive: true })
    },
  }
}

function singleCommand(): Uint8Array {
  const id = idOfKey('buyer-1', 'sku-1', 'echo')
  const reserve = { kind: 'reserve', id, sku: 'sku-1', buyer: 'buyer-1', quantity: 1 } as const
  return encodeCommandFrame({
    notes: [],
    ...{ partition: 0, partitionCount: 1, epoch: 1, sender: 'bench', number: 1 },
    ...{ sentAtMs: 1_000_000, dueInMs: 5_000 },
    commands: [{ ...reserve, holdMs: undefined, meta: undefined }],
  })
}
