// How long a drive waits for a server that makes no progress.
import { expect, test, vi } from 'vitest'
import { Patience, type Setback } from '../../../gateway/drive/patience.ts'

const SETBACK: Setback = { code: 'server_unreachable', reason: 'ECONNREFUSED', retryAfter: null }

test('gives up after the time it has without progress, with the reason', async () => {
  const wait = new Patience(60, () => {}).begin()
  const failing = (async () => {
    for (;;) await wait.afterSetback(SETBACK)
  })()
  const fault = { code: 'server_unreachable', message: expect.stringContaining('ECONNREFUSED') }
  await expect(failing).rejects.toThrowError(expect.objectContaining(fault))
})

test('goes on as long as any other request makes progress', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    const patience = new Patience(60_000, () => {})
    const wait = patience.begin()
    for (let attempt = 0; attempt < 3; attempt += 1) {
      vi.advanceTimersByTime(59_000)
      patience.noteProgress()
      vi.advanceTimersByTime(59_000)
      await wait.afterSetback({ ...SETBACK, retryAfter: '0' })
    }
    expect(patience.retryCount).toBe(3)
  } finally {
    vi.useRealTimers()
  }
})

test('speaks of an outage once, and not of a moment', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    const reasons: string[] = []
    const patience = new Patience(60_000, (reason) => reasons.push(reason))
    const wait = patience.begin()
    await wait.afterSetback(SETBACK)
    expect(reasons).toEqual([])
    vi.advanceTimersByTime(1_500)
    await wait.afterSetback(SETBACK)
    await wait.afterSetback(SETBACK)
    expect(reasons).toEqual(['ECONNREFUSED'])
  } finally {
    vi.useRealTimers()
  }
})
