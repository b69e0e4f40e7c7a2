// The report's page: whole in itself, closed to the network, and nothing that a client said becomes markup.
import { createHash } from 'node:crypto'
import { Script } from 'node:vm'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../../core/event.ts'
import { fnv1a32 } from '../../../core/fnv1a32.ts'
import { partitionsAt } from '../../../replay/partition-place.ts'
import { html, jsonMarkup } from '../../../replay/report/markup.ts'
import { saleReport } from '../../../replay/report/read-sale.ts'
import { salePage } from '../../../replay/report/sale-page.ts'
import type { SaleReport } from '../../../replay/report/sale-report.ts'
import { idOf, START } from '../../fixtures/commands.ts'
import { copyGolden } from '../../fixtures/golden-journal.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'
import { openedEvent, reservedEvent, writeEvents } from '../../fixtures/written-events.ts'

const newDirectory = tempDirectories()

async function reportOn(events: readonly Event[]): Promise<SaleReport> {
  const data = newDirectory()
  await writeEvents(data, [events])
  return saleReport(partitionsAt(data))
}

/** What lies between the tags of a page's scripts: its data, the library, its own. */
function scriptsOf(page: string): string[] {
  return [...page.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(([, text = '']) => text)
}

function sold(sku: string, buyer: string, quantity: number): Event[] {
  const id = idOf(`${sku} ${buyer}`, sku)
  return [
    reservedEvent('', quantity, { id, sku, buyer }),
    { kind: 'confirmed', at: START + 40, id, quantity, paymentId: undefined },
  ]
}

describe('names', () => {
  // The gateway takes letters, digits, _ and -; a journal from elsewhere may hold anything.
  const SKU = '</script><img src=x onerror="alert(1)">'
  const BUYER = `"><svg/onload='alert(2)'>&amp;<!--`

  test('never become markup, wherever they are written', async () => {
    const report = await reportOn([openedEvent(5, undefined, SKU), ...sold(SKU, BUYER, 2)])
    expect(report.topSkus[0]?.sku).toBe(SKU)
    const page = salePage(report)
    expect(page).not.toMatch(/<img|onload='|onerror="|<svg\/|<!--/)
    const scripts = scriptsOf(page)
    expect(scripts).toHaveLength(3)
    expect(JSON.parse(scripts[0] ?? '').skus[0][0]).toBe(SKU)
    expect(page).toContain('&lt;/script&gt;&lt;img src=x onerror=&quot;alert(1)&quot;&gt;</h3>')
    expect(page).toContain('&quot;&gt;&lt;svg/onload=&#39;alert(2)&#39;&gt;&amp;amp;&lt;!--</th>')
  })

  test('are escaped by every template, and by JSON in a page', () => {
    expect(html`<b title="${'"<'}">${'&'}${3}${[html`<i>`, html`</i>`]}</b>`.text).toBe(
      '<b title="&quot;&lt;">&amp;3<i></i></b>',
    )
    const value = { text: '</script><!-- & \u2028 \u2029 >' }
    const { text } = jsonMarkup(value)
    expect(text).not.toMatch(/[<>&\u2028\u2029]/)
    expect(JSON.parse(text)).toEqual(value)
  })
})

describe('the page', () => {
  test('loads nothing, and lets no script run but its own two', async () => {
    const data = newDirectory()
    copyGolden(data)
    const page = salePage(await saleReport(partitionsAt(data)))
    const links = [...page.matchAll(/\s(?:src|href|action|srcset|poster)=["']?([^"'\s>]*)/g)]
    expect(links.map(([, target]) => target)).toEqual(['data:,'])
    expect(page).not.toMatch(/url\(|@import|fetch\(|XMLHttpRequest|WebSocket|sendBeacon|import\(/)
    const [, policy = ''] = /Content-Security-Policy" content="([^"]*)"/.exec(page) ?? []
    const allowed = policy.replaceAll('&#39;', "'")
    expect(allowed).toContain("default-src 'none'; script-src 'sha256-")
    const [, ...scripts] = scriptsOf(page)
    expect(scripts).toHaveLength(2)
    for (const script of scripts) {
      const hash = createHash('sha256').update(script).digest('base64')
      expect(allowed).toContain(`'sha256-${hash}'`)
      expect(() => new Script(script)).not.toThrow()
    }
    expect(scripts[0]).toContain('Permission is hereby granted')
  })

  test('has a heading for every section, words for every chart, and a table behind it', async () => {
    const data = newDirectory()
    copyGolden(data)
    const page = salePage(await saleReport(partitionsAt(data)))
    expect(page.match(/<h1>/g)).toHaveLength(1)
    const sections = [...page.matchAll(/<section[^>]*aria-labelledby="([^"]+)"/g)]
    expect(sections.length).toBeGreaterThanOrEqual(8)
    for (const [, name] of sections) expect(page).toContain(`<h2 id="${name}">`)
    const charts = [...page.matchAll(/data-chart="\w+" role="img" aria-label="([^"]+)"/g)]
    expect(charts).toHaveLength(2)
    expect(charts[0]?.[1]).toContain('7 of 1,069 units were sold (0.7\u00a0%)')
    expect(page.match(/<summary>/g)).toHaveLength(2)
    expect(page).toContain('@media (prefers-color-scheme: dark)')
    expect(page).toContain('@media print')
  })

  test('tells the numbers of the report', async () => {
    const events = [
      ...[openedEvent(5), openedEvent(9, undefined, 'hat')],
      ...[...sold('shoe', 'ann', 5), ...sold('hat', 'bob', 1)].sort((a, b) => a.at - b.at),
    ]
    const page = salePage(await reportOn(events))
    expect(page).toContain('<h1>Sale of 14 November 2023</h1>')
    expect(page).toMatch(/6 units went to 2 buyers; 1 of 2 SKUs sold out\./)
    expect(page).toMatch(/Units oversold<\/dt><dd class="figure"><span class="good">0</)
    expect(page).toContain('Journaled: 6 events, last seq 6')
  })

  test('is the same for the same journal, byte by byte', async () => {
    const data = newDirectory()
    copyGolden(data)
    const [one, other] = [
      await saleReport(partitionsAt(data)),
      await saleReport(partitionsAt(data)),
    ]
    expect(salePage(other)).toBe(salePage(one))
  })

  test('stays small with thousands of SKUs, and says how many it leaves out', async () => {
    const names = Array.from({ length: 5_100 }, (_, number) =>
      `sku-${number}`.padEnd(64, 'x').slice(0, 64),
    )
    const events = names.flatMap((sku) => [
      openedEvent(3, undefined, sku),
      reservedEvent('', 1, { sku, id: { ...idOf(sku), skuHash: fnv1a32(sku) } }),
    ])
    const page = salePage(await reportOn(events))
    expect(page.length).toBeLessThan(1_500_000)
    expect(page).toContain('and 100 more SKUs')
    expect(JSON.parse(scriptsOf(page)[0] ?? '').skus).toHaveLength(5_000)
  })

  test('of nothing says so', async () => {
    const page = salePage(await reportOn([openedEvent(3)]))
    expect(page).toContain('<h1>Nothing was reserved</h1>')
    expect(scriptsOf(page)).toEqual([])
    expect(page).toContain('script-src &#39;none&#39;')
  })
})
