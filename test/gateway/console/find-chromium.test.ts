// Where the suite looks for a browser, and in which order.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findChromium } from '../../fixtures/chromium.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

const folder = tempDirectories()

/** A program in a folder of its own. */
function program(name: string): { readonly path: string; readonly within: string } {
  const within = join(folder(), 'bin')
  mkdirSync(within)
  const path = join(within, name)
  writeFileSync(path, '')
  chmodSync(path, 0o755)
  return { path, within }
}

test('takes the variable before PATH, and PATH before the places of Debian', () => {
  const [said, onPath, debian] = [program('any'), program('google-chrome'), program('chromium')]
  const PATH = `/nowhere::${onPath.within}`
  expect(findChromium({ HOLDFAST_CHROMIUM: said.path, PATH }, [debian.path])).toBe(said.path)
  expect(findChromium({ PATH }, [debian.path])).toBe(onPath.path)
  expect(findChromium({ PATH: '/nowhere' }, [debian.path])).toBe(debian.path)
})

test('finds none where there is none, and takes no file that cannot be run', () => {
  const { path, within } = program('chromium')
  chmodSync(path, 0o644)
  expect(findChromium({ PATH: within }, [])).toBeUndefined()
  expect(findChromium({}, [])).toBeUndefined()
})

test('says so when the variable leads nowhere', () => {
  expect(() => findChromium({ HOLDFAST_CHROMIUM: '/nowhere/chromium' }, [])).toThrow(
    'HOLDFAST_CHROMIUM leads to no program: /nowhere/chromium',
  )
})
