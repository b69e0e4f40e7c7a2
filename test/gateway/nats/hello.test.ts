// How a gateway finds its cluster: what an owner says of it, and to whom.
import { describe, expect, test } from 'vitest'
import { FRAME_VERSION } from '../../../gateway/nats/frame.ts'
import { askHello, encodeHello } from '../../../gateway/nats/hello.ts'
import { commandSubject, helloSubject } from '../../../gateway/nats/subjects.ts'
import { packr } from '../../../journal/message-pack.ts'
import { open, readSku } from '../../fixtures/commands.ts'
import { ask } from '../../fixtures/noted-ticket.ts'
import { newCluster, remoteShops } from '../../fixtures/remote-shop.ts'
import { Stranger } from '../../fixtures/stranger.ts'

const start = remoteShops()

async function meet(choices?: Parameters<typeof start>[0]) {
  const far = await start(choices)
  await ask(far.remote, open(1_000))
  return { ...far, stranger: await Stranger.meet(far) }
}

describe('a hello', () => {
  test('says which cluster it is', async () => {
    const { far } = await meet({ owner: { epoch: 9 } })
    expect(await askHello(far.gatewayLink, far.cluster)).toEqual({
      ...{
        clusterId: '0123456789abcdef0123456789abcdef',
        partition: 0,
        partitionCount: 1,
        epoch: 9,
      },
    })
    expect(await askHello(far.gatewayLink, newCluster()), 'nobody there').toBeUndefined()
  })

  test('is not said by who is no owner, nor into our own subjects', async () => {
    let isOwner = true
    const { far, stranger } = await meet({ owner: { isOwner: () => isOwner } })
    const ours = await stranger.watch('holdfast.>')
    const subject = helloSubject(far.cluster, 0)
    stranger.sendTo(subject, commandSubject(far.cluster, 0))
    await stranger.settled(far.ownerLink)
    isOwner = false
    stranger.sendTo(subject)
    await stranger.settled(far.ownerLink)
    isOwner = true
    await stranger.ask(stranger.frame([readSku()]))
    expect(stranger.replies).toHaveLength(1)
    expect(ours.map((message) => message.subject)).toEqual([
      ...[subject, subject, commandSubject(far.cluster, 0)],
    ])
  })

  test.each<[string, Uint8Array]>([
    ['noise', Buffer.from('hello')],
    ['of another version', packr.pack([FRAME_VERSION + 1, '0'.repeat(32), 0, 1, 1])],
    [
      'of another partition',
      encodeHello({ clusterId: '0'.repeat(32), partition: 1, partitionCount: 2, epoch: 1 }),
    ],
    ['without a cluster', packr.pack([FRAME_VERSION, '', 0, 1, 1])],
    ['of no partitions', packr.pack([FRAME_VERSION, '0'.repeat(32), 0, 0, 1])],
    ['with a field too many', packr.pack([FRAME_VERSION, '0'.repeat(32), 0, 1, 1, 1])],
  ])('that is %s is none', async (_what, bytes) => {
    const { far } = await meet()
    const cluster = newCluster()
    far.ownerLink.connection.subscribe(helloSubject(cluster, 0), {
      callback: (_error, { reply = '' }) => void far.ownerLink.publish(reply, bytes),
    })
    await far.ownerLink.connection.flush()
    expect(await askHello(far.gatewayLink, cluster)).toBeUndefined()
  })
})
