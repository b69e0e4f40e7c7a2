// Puts typebox into a few files: its seven hundred modules cost every start, and so every failover, a quarter of a
// second. Sources know it as #typebox, and package.json says where that lies. setup.js runs this: bundle.js <dist>.
import { join } from 'node:path'
import { rolldown } from 'rolldown'

const ENTRIES = { typebox: 'typebox', compile: 'typebox/compile', value: 'typebox/value' }

/** Writes `<dist>/vendor/typebox.js`, `compile.js`, `value.js` and what they share. */
async function bundle(dist) {
  const build = await rolldown({ input: ENTRIES, platform: 'node' })
  await build.write({ dir: join(dist, 'vendor'), format: 'esm' })
  await build.close()
}

await bundle(process.argv[2])
