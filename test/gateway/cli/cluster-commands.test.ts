// `holdfast cluster`, `holdfast core` for several partitions, and words that no process of a cluster starts with.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { ownPartitions, requireStatusPorts } from '../../../gateway/cli/core-command.ts'
import { statusPortOf } from '../../../gateway/cli/core-processes.ts'
import { loadConfig } from '../../../gateway/config.ts'
import { coreSettings, gatewaySettings } from '../../../gateway/settings.ts'
import { testNats } from '../../fixtures/nats.ts'
import { runHoldfast } from '../../fixtures/real-server.ts'
import { Sales } from '../../fixtures/sales.ts'
import { Scrape } from '../../fixtures/scrape.ts'
import { ROOT } from '../../fixtures/source-files.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'
import {
  descendantsOf,
  groupOf,
  isRunning,
  processesNaming,
  SOON,
  skuOf,
} from '../../fixtures/test-cluster.ts'

const SKUS = [skuOf(0, 2), skuOf(1, 2)]
const newDirectory = tempDirectories()
const nats = testNats()
const commands: Command[] = []
afterEach(async () => {
  for (const command of commands.splice(0)) await command.destroy()
})

interface Line {
  readonly msg?: string
  readonly pid?: number
  readonly partition?: number
  readonly url?: string
}

interface Started {
  readonly nats: { readonly url: string; readonly pid: number }
  readonly cores: readonly { readonly name: string; readonly pid: number }[]
  readonly gateways: readonly { readonly pid: number; readonly url: string }[]
}

/** `holdfast` in the background. */
class Command {
  readonly child: ChildProcess
  readonly lines: Line[] = []
  /** By this text its processes can be told from all others. */
  readonly #mark: string
  readonly #descendants: number[] = []
  stderr = ''

  constructor(words: readonly string[], mark: string) {
    this.#mark = mark
    this.child = spawn(process.execPath, ['bin/holdfast.js', ...words], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    commands.push(this)
    const { stdout, stderr } = this.child
    if (stdout === null || stderr === null) throw new Error('its output is piped')
    createInterface({ input: stdout }).on('line', (line) => this.lines.push(JSON.parse(line)))
    stderr.on('data', (text) => {
      this.stderr += text
    })
  }

  /** Waits for its end; gives its exit code. */
  async end(signal?: NodeJS.Signals): Promise<number | null> {
    this.#descendants.push(...descendantsOf(Number(this.child.pid)))
    if (signal !== undefined) this.child.kill(signal)
    if (this.child.exitCode === null && this.child.signalCode === null) {
      await once(this.child, 'exit')
    }
    return this.child.exitCode
  }

  /** The pids of its children and of theirs that are still there. */
  family(): number[] {
    return processesNaming(this.#mark).filter((pid) => pid !== process.pid && isRunning(pid))
  }

  /** Ends whatever a failed test left. */
  async destroy(): Promise<void> {
    await this.end('SIGKILL')
    const left = new Set([...this.family(), ...this.#descendants.filter(isRunning)])
    for (const pid of left) process.kill(pid, 'SIGKILL')
  }
}

describe('holdfast cluster', () => {
  const start = (data: string, size = 2) => {
    const counts = ['--partitions', String(size), '--gateways', String(size)]
    return new Command(['cluster', '--json', '--port', '0', '--data', data, ...counts], data)
  }
  const started = (command: Command): Promise<Started> =>
    vi.waitFor(() => {
      expect(command.lines, command.stderr).toHaveLength(1)
      return command.lines[0] as unknown as Started
    }, SOON)
  /** Everybody has ended; a gateway is known by the address of NATS alone. */
  const expectNobody = (command: Command, { nats: { url } }: Started) => {
    expect(command.family()).toEqual([])
    expect(processesNaming(`--nats\0${url}\0`).filter(isRunning)).toEqual([])
  }

  test('sells through every gateway, starts again what was killed, and stops as a whole', async () => {
    const data = newDirectory()
    const sales = new Sales()
    const first = start(data)
    const place = await started(first)
    expect([place.cores.length, place.gateways.length]).toEqual([2, 2])
    const pids = [place.nats, ...place.cores, ...place.gateways].map(({ pid }) => pid)
    expect(pids.map(groupOf), 'a Ctrl-C in the terminal reaches none of them').toEqual(pids)
    for (const [number, sku] of SKUS.entries()) {
      await sales.open(place.gateways[number] as { url: string }, sku)
      for (const gateway of place.gateways) await sales.sell(gateway, sku, `by-${gateway.pid}`)
    }
    const [core] = place.cores
    process.kill(Number(core?.pid), 'SIGKILL')
    const gateway = place.gateways[0] as { url: string }
    await vi.waitFor(async () => {
      const { status } = await sales.reserve(gateway, String(SKUS[0]), 'after-the-kill')
      expect([200, 201]).toContain(status)
    }, SOON)
    expect(first.stderr).toContain('cluster: core 0 ended (SIGKILL); starting it again\n')
    expect(await first.end('SIGTERM'), first.stderr).toBe(0)
    expectNobody(first, place)

    // The next one goes on with the journals. It stops by a signal to it alone, and wakes whoever stands still.
    const second = start(data)
    const again = await started(second)
    const other = again.gateways[1] as { url: string }
    expect((await sales.reserve(other, String(SKUS[0]), 'after-the-kill')).status).toBe(200)
    process.kill(Number(again.gateways[0]?.pid), 'SIGSTOP')
    process.kill(Number(again.cores[0]?.pid), 'SIGSTOP')
    expect(await second.end('SIGINT'), second.stderr).toBe(0)
    expectNobody(second, again)
    await sales.check([data, data])
  })

  test('told to stop while it starts leaves nothing behind', async () => {
    const data = newDirectory()
    const command = start(data)
    // With nats-server there, whose directory it names; owners and gateways come next.
    await vi.waitFor(() => expect(processesNaming(join(data, 'nats'))).toHaveLength(1), SOON)
    expect(await command.end('SIGTERM'), command.stderr).toBe(0)
    expect(command.family()).toEqual([])
    expect(command.lines).toEqual([])
  })

  test('that is killed itself takes owners and gateways with it', async () => {
    const command = start(newDirectory(), 1)
    const place = await started(command)
    await command.end('SIGKILL')
    const pids = [...place.cores, ...place.gateways].map(({ pid }) => pid)
    await vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), SOON)
    process.kill(place.nats.pid, 'SIGKILL')
  })

  test('says why when something ends instead of starting, and leaves nothing behind', async () => {
    const data = newDirectory()
    const owner = start(data, 1)
    await started(owner)
    const command = start(data, 1)
    expect(await command.end()).toBe(1)
    expect(command.stderr).toContain('is owned by process')
    expect(command.lines).toEqual([])
    expect(await owner.end('SIGTERM')).toBe(0)
  })
})

describe('holdfast core for several partitions', () => {
  const start = async (): Promise<{ command: Command; pids: number[] }> => {
    const { url } = await nats.server()
    const words = ['core', '--partition', '0/2', '--partition', '1/2', '--lease-ms', '10000']
    words.push('--status-port', '0')
    const data = newDirectory()
    const command = new Command([...words, '--nats', url, '--data', data], data)
    await vi.waitFor(() => expect(serving(command)).toEqual([0, 1]), SOON)
    const pids = command.lines.filter(({ msg }) => msg === 'serving').map(({ pid }) => Number(pid))
    return { command, pids }
  }
  const serving = ({ lines }: Command) =>
    lines
      .filter(({ msg }) => msg === 'serving')
      .map(({ partition }) => partition)
      .sort()

  test('runs one process for each, and ends them with it', async () => {
    const { command, pids } = await start()
    expect(new Set([command.child.pid, ...pids]).size).toBe(3)
    const told = command.lines.filter(({ msg }) => msg === 'telling metrics and health')
    const ask = async (path: string) => {
      const asked = told.map(async ({ url }) => (await fetch(`${url}${path}`)).text())
      return (await Promise.all(asked)).sort()
    }
    const scrapes = (await ask('/metrics')).map((text) => new Scrape(text))
    const owned = scrapes.flatMap((scrape) =>
      Object.keys(scrape.counted('holdfast_partition_epoch', 'partition')),
    )
    expect(owned.sort()).toEqual(['0', '1'])
    for (const scrape of scrapes) {
      expect(scrape.value('holdfast_nats_up')).toBe(1)
      expect(scrape.value('holdfast_build_info', { role: 'core' })).toBe(1)
    }
    const stranger = { headers: { origin: 'https://evil.example' } }
    const asPage = told.map(async ({ url }) => (await fetch(`${url}/metrics`, stranger)).status)
    expect(await Promise.all(asPage)).toEqual([403, 403])
    expect(await ask('/readyz')).toEqual(Array(2).fill('{"status":"ready","reasons":[]}'))
    expect(await command.end('SIGTERM')).toBe(0)
    expect(command.family()).toEqual([])
  })

  test('ends as a whole when one of them is killed', async () => {
    const { command, pids } = await start()
    process.kill(Number(pids[0]), 'SIGKILL')
    expect(await command.end()).toBe(1)
    expect(command.family(), 'when it has ended, the other one has').toEqual([])
    const fatal = command.lines.at(-1)?.msg
    expect(fatal).toMatch(/^stopping: the core of partition [01] ended with SIGKILL$/)
  })

  test('takes them with it when it is killed itself', async () => {
    const { command } = await start()
    await command.end('SIGKILL')
    await vi.waitFor(() => expect(command.family()).toEqual([]), SOON)
  })
})

describe('words that make no sense', () => {
  test.each(['a.b', '*', '>', 'main.>', 'a b', '', '$SYS', 'ä', 'x'.repeat(33), 'a\r\nPUB x 0'])(
    'include the cluster %j, which would be more than one token of a subject',
    (cluster) => {
      for (const schema of [coreSettings, gatewaySettings]) {
        expect(() => loadConfig(schema, { cluster }, {})).toThrow(/--cluster: must match pattern/)
      }
    },
  )

  test.each([
    ['2/2', '--partition: 2/2 is none; they are numbered from 0/2 on'],
    ['0/2,0/3', '--partition: 0/2,0/3 names more than one count'],
    ['0/2,1/2,0/2', '--partition: 0/2,1/2,0/2 names one twice'],
  ])('include the partitions %j', (said, mistake) => {
    expect(() => ownPartitions(said)).toThrow(mistake)
  })

  test('include a status port that the last of several partitions could not take', () => {
    const owned = ownPartitions('0/200,150/200')
    expect(() => requireStatusPorts(65_400, owned)).toThrow('partition 150 would take 65550')
    for (const port of [undefined, 0, 65_385]) requireStatusPorts(port, owned)
    expect([0, 150].map((partition) => statusPortOf(9_464, partition))).toEqual([9_464, 9_614])
    expect(statusPortOf(0, 150), 'each finds a free one').toBe(0)
  })

  test.each(['1', '', '0/0', '-1/2', '0/2,', '00/2', '0/2 1/2', '0/10000'])(
    'include %j, which is no partition',
    (partition) => {
      const load = () => loadConfig(coreSettings, { partition }, {})
      expect(load).toThrow(/--partition: must match pattern/)
    },
  )

  test.each([
    [['core', '--cluster', 'a.b'], /--cluster: must match pattern .* \(got "a\.b"\)/],
    [['core', '--partition', '0/2', '--partition', '0/3'], /0\/2,0\/3 names more than one count/],
    [['core', '--status-port', '0', '--status-host', '0.0.0.0'], /other machines need --keys-file/],
    [['gateway', '--nats-user', 'ada'], /--nats-user and --nats-password belong together/],
  ] as const)('end %j with 78, before anything is touched', async (words, message) => {
    const { status, stdout, stderr } = await runHoldfast(words)
    expect([status, stdout]).toEqual([78, ''])
    expect(stderr).toMatch(message)
  })
})
