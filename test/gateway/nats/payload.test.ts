// How large messages may be: a server that takes less than frames need is refused, and what does not fit is told.
import { describe, expect, test } from 'vitest'
import { NatsFault } from '../../../gateway/nats/errors.ts'
import { requirePayload, send } from '../../../gateway/nats/payload.ts'
import { testNats } from '../../fixtures/nats.ts'

const nats = testNats()

describe('a nats-server', () => {
  test('as it comes takes every frame', async () => {
    const link = await nats.link(await nats.server())
    expect(() => requirePayload(link)).not.toThrow()
  })

  test('that takes a byte less is refused, with what to do', async () => {
    const link = await nats.link(await nats.server(`max_payload: ${2 ** 20 - 1}`))
    const fault = (() => {
      try {
        requirePayload(link)
        return undefined
      } catch (error) {
        return error
      }
    })()
    expect(fault).toBeInstanceOf(NatsFault)
    expect(fault).toMatchObject({ code: 'nats_failed' })
    expect(String(fault)).toContain('at most 1048575 bytes, and Holdfast needs 1048576')
    expect(String(fault)).toContain('Raise max_payload')
  })
})

describe('sending', () => {
  test('tells what can never be sent, does not throw, and leaves the link as it was', async () => {
    const link = await nats.link(await nats.server())
    const troubles: string[] = []
    const trouble = (reason: string) => void troubles.push(reason)
    expect(send(link, 'a', new Uint8Array(2 ** 20 + 1), trouble)).toBe(false)
    expect(troubles.join()).toMatch(/max_payload/)
    expect(send(link, 'a b', new Uint8Array(1), trouble)).toBe(false)
    expect(troubles).toHaveLength(2)
    expect(send(link, 'a', new Uint8Array(2 ** 20), trouble)).toBe(true)
    await link.connection.flush()
    await link.close()
    expect(send(link, 'a', new Uint8Array(1), trouble), 'down is no trouble').toBe(false)
    expect(troubles).toHaveLength(2)
  })
})
