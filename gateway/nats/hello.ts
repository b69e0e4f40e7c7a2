// How a gateway finds its cluster: it asks the owner of partition 0, which every cluster has, what the cluster is.
import { Type } from '#typebox'
import { Compile } from '#typebox/compile'
import { packr } from '../../journal/message-pack.ts'
import { FRAME_VERSION } from './frame.ts'
import type { NatsLink } from './link.ts'
import { helloSubject } from './subjects.ts'

const HELLO_MS_MAX = 1_000

/** What an owner says of its cluster. */
export interface Hello {
  readonly clusterId: string
  readonly partition: number
  readonly partitionCount: number
  readonly epoch: number
}

const form = Compile(
  Type.Tuple([
    Type.Literal(FRAME_VERSION),
    Type.String({ pattern: '^[0-9a-f]{32}$' }),
    Type.Literal(0),
    Type.Integer({ minimum: 1, maximum: 9_999 }),
    Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  ]),
)

export function encodeHello({ clusterId, partition, partitionCount, epoch }: Hello): Uint8Array {
  return packr.pack([FRAME_VERSION, clusterId, partition, partitionCount, epoch])
}

/** What the owner of partition 0 says; undefined when it does not answer, or not as one of this version does. */
export async function askHello(link: NatsLink, cluster: string): Promise<Hello | undefined> {
  try {
    const subject = helloSubject(cluster, 0)
    const { data } = await link.connection.request(subject, '', { timeout: HELLO_MS_MAX })
    const value: unknown = packr.unpack(data)
    if (!form.Check(value)) return undefined
    const [, clusterId, partition, partitionCount, epoch] = value as unknown as HelloFields
    return { clusterId, partition, partitionCount, epoch }
  } catch {
    return undefined
  }
}

type HelloFields = [1, string, 0, number, number]
