// The files under deploy/: they parse, name settings that exist, and agree with each other, the code and the image.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import type { TObject } from '#typebox'
import { openAccess, openStatusAccess } from '../../gateway/access/access.ts'
import { natsServerPath } from '../../gateway/cluster/nats-server.ts'
import { loadConfig } from '../../gateway/config.ts'
import {
  type CoreSettings,
  flagOf,
  PROCESSES,
  type ServeSettings,
  settingNames,
  variableOf,
} from '../../gateway/settings.ts'
import {
  compose,
  type DeployedProcess,
  deployedProcesses,
  deployPaths,
  dockerLines,
  foldersOf,
  imageEnvironment,
  kubernetesObjects,
  textOf,
  UNITS,
  yamlOf,
} from '../fixtures/deploy-files.ts'
import { ROOT } from '../fixtures/source-files.ts'
import { tempDirectories } from '../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()

const hasTool = (command: string, ...words: string[]) => spawnSync(command, words).status === 0

/** Runs a tool that must find nothing wrong. */
function expectContent(command: string, words: readonly string[], env = process.env): string {
  const { status, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8', env })
  expect(status, stdout + stderr).toBe(0)
  return stdout + stderr
}

describe('YAML', () => {
  const paths = deployPaths().filter((path) => /\.ya?ml$/.test(path))

  test.each(paths)('%s parses', (path) => {
    const documents = yamlOf(path)
    expect(documents.length).toBeGreaterThan(0)
    for (const { errors, warnings } of documents) expect([...errors, ...warnings]).toEqual([])
  })
})

describe('the settings of', () => {
  const flagsOf = (schema: TObject, words: readonly string[]) => {
    const flags: Record<string, string> = {}
    for (let index = 0; index < words.length; index += 2) {
      const name = settingNames(schema).find((one) => flagOf(one) === words[index])
      if (name === undefined) throw new Error(`${words[index]} is no flag of it`)
      flags[name] = String(words[index + 1])
    }
    return flags
  }

  test.each(deployedProcesses())('$place are some of that process', (deployed) => {
    const { words, environment, patienceMs } = deployed
    const [command = '', ...rest] = words
    const schema = PROCESSES[command as keyof typeof PROCESSES]
    expect(schema, `${command} is a command`).toBeDefined()
    const known = settingNames(schema).map(variableOf)
    expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([])
    const { drainMs } = loadConfig(schema, flagsOf(schema, rest), environment) as {
      drainMs: number
    }
    expect(patienceMs, 'it is given the time to drain').toBeGreaterThan(drainMs + 5_000)
  })

  /** Opens what a process asks of its callers, as it does at its start, with a key in the file that it names. */
  const open = ({ words: [command = '', ...rest], ...deployed }: DeployedProcess) => {
    const schema = PROCESSES[command as keyof typeof PROCESSES]
    const keys = join(newDirectory(), 'keys.json')
    writeFileSync(keys, JSON.stringify({ format: 'holdfast-keys', version: 1, keys: [] }), {
      mode: 0o600,
    })
    const { HOLDFAST_KEYS_FILE: named } = deployed.environment
    const environment = {
      ...(deployed.place.startsWith('deploy/systemd') ? {} : imageEnvironment()),
      ...deployed.environment,
      ...(named === undefined ? {} : { HOLDFAST_KEYS_FILE: keys }),
    }
    const settings: unknown = loadConfig(schema, flagsOf(schema, rest), environment)
    const logger = pino({ level: 'silent' })
    if (command !== 'core') return openAccess(settings as ServeSettings, logger)
    const core = settings as CoreSettings
    return core.statusPort === undefined ? undefined : openStatusAccess(core, logger)
  }

  test.each(deployedProcesses())('$place let it open its ports', (deployed) => {
    // It cannot know where its user keeps his keys; `docker run` says so.
    if (deployed.place === 'deploy/Dockerfile') expect(() => open(deployed)).toThrow(/without keys/)
    else open(deployed)
  })

  test.each(deployedProcesses().filter(({ folders }) => folders !== undefined))(
    '$place name a key file in a mounted folder, where its successor appears',
    ({ environment, folders }) => {
      const { HOLDFAST_KEYS_FILE: keysFile = '' } = environment
      expect(folders).toContain(dirname(keysFile))
    },
  )

  test('all kinds of deployment are among them', () => {
    const commands = deployedProcesses().map(({ words }) => words[0])
    expect(commands.sort()).toEqual([
      ...['core', 'core', 'core', 'core'],
      ...['gateway', 'gateway', 'gateway', 'gateway'],
      ...['serve', 'serve', 'serve'],
    ])
  })
})

describe('the Dockerfile', () => {
  test('copies what is there, and what .dockerignore lets through', () => {
    const passing = textOf('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1))
    const copied = dockerLines('COPY').filter((line) => !line.startsWith('--from'))
    const sources = copied.flatMap((line) => line.split(' ').slice(0, -1))
    expect(sources.length).toBeGreaterThan(10)
    for (const source of sources) {
      expect(existsSync(join(ROOT, source)), source).toBe(true)
      const passes = passing.some((one) => source === one || source.startsWith(`${one}/`))
      expect(passes, `${source} reaches the builder`).toBe(true)
    }
  })

  test('pins its base, runs as nobody in particular, and gets its signals itself', () => {
    expect(dockerLines('ARG')).toEqual([expect.stringMatching(/^BASE=node:22\.\d+\.\d+-\w+-slim$/)])
    for (const line of dockerLines('FROM')) expect(line).toMatch(/^\$\{BASE\}( AS \w+)?$/)
    expect(dockerLines('USER')).toEqual(['10001:10001'])
    expect(JSON.parse(dockerLines('ENTRYPOINT')[0] ?? '')[0]).toBe('node')
  })
})

describe('the compose file', () => {
  const { services, volumes } = compose()

  test('hardens every service, and shows none beyond this machine', () => {
    for (const [name, service] of Object.entries(services)) {
      expect(service, name).toMatchObject({
        ...{ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] },
        image: expect.stringMatching(/:v?\d+\.\d+\.\d+/),
      })
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/)
    }
  })

  test('mounts files that are there or that docs/deploy.md makes, and names volumes that it has', () => {
    const mounts = Object.values(services).flatMap((service) => service.volumes ?? [])
    for (const mount of mounts) {
      const [source = ''] = mount.split(':')
      const path = join(ROOT, 'deploy', source)
      const made = source.replace('./', 'deploy/')
      if (source.startsWith('./secrets/')) expect(textOf('docs/deploy.md')).toContain(made)
      else if (source.startsWith('.')) expect(existsSync(path), source).toBe(true)
      else expect(volumes, source).toHaveProperty(source)
    }
  })

  test('scrapes and probes what listens', () => {
    const listening = new Map(
      Object.entries(services).map(([name, { command = [], environment = {} }]) => [
        name,
        command[0] === 'gateway' ? '7070' : environment.HOLDFAST_STATUS_PORT,
      ]),
    )
    const scraped = yamlOf('deploy/compose/prometheus.yml')[0]?.toJS().scrape_configs as {
      authorization?: { credentials_file: string }
      static_configs: { targets: string[] }[]
    }[]
    const { prometheus } = services
    const folders = foldersOf(prometheus?.volumes ?? [])
    for (const { authorization } of scraped) {
      expect(folders).toContain(dirname(authorization?.credentials_file ?? ''))
    }
    const targets = scraped.flatMap(({ static_configs: [{ targets = [] } = {}] }) => targets)
    expect(targets.sort()).toEqual([
      'core-0:9464',
      'core-1:9464',
      'gateway-1:7070',
      'gateway-2:7070',
    ])
    for (const target of targets) {
      const [name = '', port] = target.split(':')
      expect(listening.get(name), target).toBe(port)
      expect(services[name]?.healthcheck?.test.at(-1)).toBe(`http://127.0.0.1:${port}/readyz`)
    }
  })

  test.skipIf(!hasTool('promtool', '--version'))(
    'has Prometheus read a configuration that promtool takes (needs promtool)',
    () => {
      const path = join(ROOT, 'deploy/compose/prometheus.yml')
      expectContent('promtool', ['check', 'config', '--syntax-only', path])
    },
  )

  test('owns each partition once', () => {
    const owned = Object.values(services).flatMap(({ command: [word, , partition] = [] }) =>
      word === 'core' ? [partition] : [],
    )
    expect(owned.sort()).toEqual(['0/2', '1/2'])
  })
})

describe('the objects of Kubernetes', () => {
  const objects = kubernetesObjects()
  const pods = objects.flatMap(({ metadata: { name }, spec: { template, replicas } }) =>
    template === undefined ? [] : [{ name, template, replicas }],
  )

  test('select pods that are there, and probe ports that these have', () => {
    const labels = pods.map(({ template }) => template.metadata.labels)
    for (const { kind, metadata, spec } of objects) {
      const selector = spec.selector.matchLabels ?? spec.selector
      expect(labels, `${kind} ${metadata.name}`).toContainEqual(selector)
    }
    for (const { template } of pods) {
      for (const { ports, livenessProbe, readinessProbe } of template.spec.containers) {
        const names = ports.map(({ name }) => name)
        for (const probe of [livenessProbe, readinessProbe ?? livenessProbe]) {
          expect(names).toContain(probe.httpGet.port)
        }
      }
    }
  })

  test('give every container no more than it needs', () => {
    for (const { name, template } of pods) {
      expect(template.spec, name).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      })
      for (const { securityContext } of template.spec.containers) {
        expect(securityContext).toEqual({
          ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
          capabilities: { drop: ['ALL'] },
        })
      }
    }
  })

  test('start as many cores as there are partitions', () => {
    const core = pods.find(({ name }) => name === 'core')
    const [container] = core?.template.spec.containers ?? []
    const partition = container?.env?.find(({ name }) => name === 'HOLDFAST_PARTITION')
    expect(partition?.value).toBe(`$(ORDINAL)/${core?.replicas}`)
  })

  test.skipIf(!hasTool('kubectl', 'version', '--client'))(
    'are put together by kubectl kustomize (needs kubectl)',
    () => {
      const whole = expectContent('kubectl', ['kustomize', join(ROOT, 'deploy/kubernetes')])
      expect(whole.match(/^kind: /gm)).toHaveLength(objects.length)
      expect(whole).not.toMatch(/image: holdfast/)
    },
  )
})

describe('the configuration of NATS for', () => {
  test.each(['compose', 'kubernetes'])('%s is one that nats-server takes', (name) => {
    const folder = newDirectory()
    writeFileSync(join(folder, 'nats.conf'), textOf(`deploy/${name}/nats.conf`))
    writeFileSync(join(folder, 'permissions.conf'), textOf('deploy/nats/permissions.conf'))
    const roles = ['CORE', 'GATEWAY', 'SERVICE', 'FAST', 'SHOP']
    const passwords = roles.map((role) => [`HOLDFAST_${role}_PASSWORD`, 'x'])
    const environment = { ...process.env, ...Object.fromEntries(passwords) }
    expectContent(natsServerPath(), ['-t', '-c', join(folder, 'nats.conf')], environment)
  })
})

describe('the units of systemd', () => {
  /** Copies whose ExecStart names the node that is here. */
  const installed = () => {
    const folder = join(newDirectory(), 'units')
    mkdirSync(folder)
    return UNITS.map((name) => {
      const path = join(folder, `${name}.service`)
      const text = textOf(`deploy/systemd/${name}.service`)
      writeFileSync(path, text.replace('/usr/bin/node', process.execPath))
      return path
    })
  }

  test.skipIf(!hasTool('systemd-analyze', '--version'))(
    'have nothing that systemd does not know (needs systemd-analyze)',
    () => {
      expect(expectContent('systemd-analyze', ['verify', '--man=no', ...installed()])).toBe('')
    },
  )

  test.skipIf(!hasTool('systemd-analyze', '--version'))(
    'are exposed as little as systemd can tell (needs systemd-analyze)',
    () => {
      // In tenths: 1.5 of 10.
      const words = ['security', '--offline=true', '--threshold=15', '--no-pager']
      for (const path of installed()) expectContent('systemd-analyze', [...words, path])
    },
  )
})
