// Puts typebox into a few files: its seven hundred modules cost every start, and so every failover, a quarter of a
// second. Sources know it as #typebox, and package.json says where that lies. setup.js runs this: bundle.js <dist>.
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

/** It asks to go wherever its code goes. */
const LICENSE = fileURLToPath(new URL('../node_modules/typebox/license', import.meta.url))
const ENTRIES = { typebox: 'typebox', compile: 'typebox/compile', value: 'typebox/value' }

/** Writes `<dist>/vendor/typebox.js`, `compile.js`, `value.js` and what they share, with their license. */
async function bundle(dist) {
  const build = await rolldown({ input: ENTRIES, platform: 'node' })
  await build.write({ dir: join(dist, 'vendor'), format: 'esm' })
  await build.close()
  copyFileSync(LICENSE, join(dist, 'vendor', 'LICENSE'))
}

await bundle(process.argv[2])
