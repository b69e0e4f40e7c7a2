// The watch over the free disk: what it says at once, and when it says it.
import { rmSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import { DiskWatch } from '../../gateway/disk-watch.ts'
import { freeDiskBytes, requireFreeDisk } from '../../journal/free-disk.ts'
import { faultCode } from '../fixtures/blocks.ts'
import { tempDirectories } from '../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()

describe('a disk watch', () => {
  test('row 49: sees at once that the disk is below its mark, and says so once', () => {
    const seen: boolean[] = []
    vi.useFakeTimers()
    try {
      const watch = new DiskWatch(newDirectory(), Number.MAX_SAFE_INTEGER, (isLow) =>
        seen.push(isLow),
      )
      expect(watch.isLow).toBe(true)
      vi.advanceTimersByTime(5_000)
      watch.stop()
      expect(seen).toEqual([true])
    } finally {
      vi.useRealTimers()
    }
  })

  test('says nothing while there is room', () => {
    const watch = new DiskWatch(newDirectory(), 1, () => {
      throw new Error('there is room')
    })
    expect(watch.isLow).toBe(false)
    watch.stop()
  })

  test('keeps what it knew where its directory is gone', () => {
    const directory = newDirectory()
    vi.useFakeTimers()
    try {
      const watch = new DiskWatch(directory, 1, () => undefined)
      const { freeBytes } = watch
      rmSync(directory, { recursive: true })
      vi.advanceTimersByTime(5_000)
      watch.stop()
      expect([watch.isLow, watch.freeBytes]).toEqual([false, freeBytes])
    } finally {
      vi.useRealTimers()
    }
  })

  test('row 50: a disk without room is refused before anything is opened, by path and bytes', async () => {
    const directory = newDirectory()
    expect(freeDiskBytes(directory)).toBeGreaterThan(0)
    expect(await faultCode(() => requireFreeDisk(directory, Number.MAX_SAFE_INTEGER))).toBe(
      'disk_full',
    )
    expect(() => requireFreeDisk(directory, Number.MAX_SAFE_INTEGER)).toThrow(directory)
    expect(await faultCode(() => requireFreeDisk(directory, 1))).toBe('no fault')
  })
})
