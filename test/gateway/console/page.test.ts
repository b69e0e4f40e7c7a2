// The console in a real browser before a real server: what it shows is what the server says, and what it does is done.
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findChromium, HOW_TO_INSTALL, startBrowser } from '../../fixtures/chromium.ts'
import { gate, overflow, paper, watchedPage } from '../../fixtures/console-page.ts'
import { testKeys } from '../../fixtures/guarded-app.ts'
import { RealServer } from '../../fixtures/real-server.ts'
import { directoryForAll } from '../../fixtures/temp-directory.ts'

const LAPTOP = { width: 1280, height: 800 }
const PHONE = { width: 390, height: 844 }
const WAIT_MS = 20_000
/** More than one page of the list, and far more than a screen. */
const CROWD = 1_100

const chromium = findChromium()
const data = directoryForAll()
const keyDirectory = directoryForAll()
let server: RealServer
let browser: Browser
let laptop: BrowserContext
let page: Page
/** What pages complained of, and what they asked of others than the server. */
const complaints: string[] = []

async function openPage(context: BrowserContext): Promise<Page> {
  const opened = await watchedPage(context, server.url, complaints)
  opened.setDefaultTimeout(WAIT_MS)
  await opened.goto(server.url)
  return opened
}

/** Waits until the element says `text`. */
async function says(selector: string, text: string | RegExp, within: Page = page): Promise<void> {
  await within.locator(selector).filter({ hasText: text }).first().waitFor()
}

const row = (sku: string, within: Page = page): Locator => within.locator(`#row-${sku}`)
/** A cell of a SKU's row. */
const cell = (sku: string, name: string): Promise<string | null> =>
  row(sku).locator(`.${name}`).first().textContent()

/** Opens the actions of `sku` and chooses one. */
async function choose(sku: string, action: string): Promise<Locator> {
  await page.locator('#search').fill(sku)
  await row(sku).click()
  await page.locator('#actions .choice').filter({ hasText: action }).click()
  return page.locator('#actions')
}

async function rules(sku: string): Promise<Record<string, unknown>> {
  const { body } = await server.call('GET', `/v1/skus/${sku}`)
  return { ...body.rules }
}

function reserve(sku: string, quantity = 1, buyer = 'ada') {
  return server.call('POST', '/v1/reservations', { sku, buyer, quantity })
}

// One server, one browser, one page that stays open; each test has SKUs of its own.
describe.skipIf(chromium === undefined)(`the console (or ${HOW_TO_INSTALL})`, () => {
  beforeAll(async () => {
    ;[server, browser] = await Promise.all([
      RealServer.start(data()),
      startBrowser(String(chromium)),
    ])
    laptop = await browser.newContext({ viewport: LAPTOP, colorScheme: 'light' })
    page = await openPage(laptop)
  })

  afterAll(async () => {
    await browser?.close()
    await server?.end('SIGKILL')
  })

  test('is live within seconds, and says how to begin when no SKU is open', async () => {
    await says('#link', 'Live')
    await says('#health', 'Selling')
    expect(await page.locator('#sku-grid .space').getAttribute('data-none')).toMatch(/^No SKU is/)
    expect(await page.locator('#charts canvas').count()).toBe(6)
  })

  test('shows the numbers of the server: each SKU, all together, the partition', async () => {
    await server.open(1_000, 'lamp')
    await server.open(20, 'vase')
    const { body } = await reserve('lamp', 250)
    await server.call('POST', `/v1/reservations/${body.id}/confirm`, {})
    await reserve('lamp', 3, 'bob')
    await says('#row-lamp .sold', '250')
    await says('#row-lamp .held', '3')
    const cells = ['stock', 'available', 'held', 'sold'].map((name) => cell('lamp', name))
    expect(await Promise.all(cells)).toEqual(['1\u202f000', '747', '3', '250'])
    await says('#row-lamp .share', '25\u202f%')
    await says('[data-figure=sold]', '250')
    await says('[data-figure=sold-of]', '25\u202f% of 1\u202f020')
    await says('#row-vase .state', 'open')
    await says('#partitions td[data-label="Last event"]', /^5$/)
    const { text } = await server.call('GET', '/v1/partitions')
    const [partition] = JSON.parse(text).partitions
    expect(partition.lastSeq).toBe('5')
    await says('#partitions tbody td[data-label=Epoch]', String(partition.owner.epoch))
  })

  test('shows the rate of sales and what is refused, by code', async () => {
    let isEnough = false
    const load = async () => {
      while (!isEnough) await Promise.all([reserve('lamp'), reserve('vase', 30)])
    }
    const loading = load()
    await says('#charts figure:nth-child(2) .legend', /sold out ?[1-9]/)
    await says('[data-figure=reservations]', /^[1-9]/)
    await says('[data-figure=p99]', /ms|s/)
    isEnough = true
    await loading
  })

  test('lists the holds that expire next, with a countdown', async () => {
    await server.open(5, 'BRIEF')
    const body = { sku: 'BRIEF', buyer: 'eve', quantity: 2, holdMs: 25_000 }
    await server.call('POST', '/v1/reservations', body)
    await says('#holds tbody tr:first-child', /BRIEF.*eve.*2.*\d\d?\u202fs/)
    expect(await page.locator('#holds tr.urgent').count()).toBe(1)
  })

  test('finds SKUs by any part of their names, and goes the whole way by keyboard', async () => {
    await page.locator('body').press('/')
    await page.keyboard.type('ief')
    await row('BRIEF').waitFor()
    await page.locator('#search').fill('AS')
    await says('#sku-count', /^1 of \d+$/)
    expect(await page.locator('.row').count()).toBe(1)
    await page.keyboard.press('ArrowDown')
    expect(await row('vase').getAttribute('aria-selected')).toBe('true')
    await page.keyboard.press('Enter')
    await says('#actions h2', 'vase')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.keyboard.type('7')
    await says('#actions .says', 'Stock of vase becomes 27')
    await page.keyboard.press('Escape')
    await page.locator('#actions').waitFor({ state: 'hidden' })
    expect((await server.call('GET', '/v1/skus/vase')).body).toMatchObject({ available: 20 })
    await page.locator('#search').press('Escape')
    await says('#sku-count', /^\d+$/)
    await page.keyboard.press('?')
    await says('#help', 'search the SKUs')
    await page.keyboard.press('Escape')
  })

  test('pauses a SKU only when that is confirmed, and resumes it', async () => {
    const dialog = await choose('lamp', 'Pause')
    await says('#actions .says', 'every new reservation of lamp is refused')
    expect((await reserve('lamp')).status, 'nothing is done before it is confirmed').toBe(201)
    await dialog.locator('button[type=submit]').click()
    await says('#actions .success', 'Done: lamp paused')
    expect((await reserve('lamp')).body.code).toBe('sale_paused')
    await page.keyboard.press('Enter')
    await says('#row-lamp .state', 'paused')
    await choose('lamp', 'Resume')
    await page.keyboard.press('Enter')
    await says('#actions .success', 'Done: lamp resumed')
    expect((await reserve('lamp')).status).toBe(201)
    await page.keyboard.press('Escape')
    await says('#session li:nth-child(2)', /lamp paused.*event \d+ · no key/)
  })

  test('adds stock once, and says in words why units that are held cannot be taken away', async () => {
    const dialog = await choose('vase', 'Add or take stock')
    await dialog.locator('[name=delta]').fill('5')
    await dialog.locator('[name=reason]').fill('found in the cellar')
    await dialog.locator('[name=reason]').press('Enter')
    await says('#actions .success', '+5 units: found in the cellar')
    expect((await server.call('GET', '/v1/skus/vase')).body).toMatchObject({ available: 25 })
    await page.keyboard.press('Enter')
    await choose('vase', 'Add or take stock')
    await dialog.locator('[name=delta]').fill('-26')
    await dialog.locator('[name=reason]').fill('lent')
    await says('#actions .says', 'The server will refuse')
    await dialog.locator('button[type=submit]').click()
    await says('#actions .problem', /Insufficient available.*\(request [0-9a-f]{8}-/)
    expect((await server.call('GET', '/v1/skus/vase')).body).toMatchObject({ available: 25 })
    await page.keyboard.press('Escape')
  })

  test('changes the limit per buyer, closes a sale and opens it again', async () => {
    const dialog = await choose('vase', 'Limit per buyer')
    await dialog.locator('[name=perBuyer]').fill('2')
    await page.keyboard.press('Enter')
    await says('#actions .success', 'limit per buyer 2')
    expect(await rules('vase')).toMatchObject({ perBuyer: 2 })
    await page.keyboard.press('Enter')
    await choose('vase', 'Close the sale')
    const danger = dialog.locator('button.danger')
    expect(await dialog.locator('.danger:focus').count(), 'Enter alone closes nothing').toBe(0)
    expect((await reserve('vase', 1, 'cy')).status).toBe(201)
    await danger.click()
    await says('#actions .success', 'sale closed')
    expect((await reserve('vase', 1, 'cy')).body.code).toBe('sale_closed')
    await page.keyboard.press('Enter')
    await choose('vase', 'Reopen')
    await page.keyboard.press('Enter')
    await says('#actions .success', 'sale reopened')
    expect((await reserve('vase', 1, 'cy')).status).toBe(201)
    await page.keyboard.press('Escape')
    await page.locator('#search').fill('')
  })

  test('closes a sale at once, also before it opened and whatever this machine takes for the time', async () => {
    const hour = 3_600_000
    const now = Date.now()
    await server.call('PUT', '/v1/skus/early', { stock: 3, opensAt: now + hour })
    await server.call('PUT', '/v1/skus/begun', { stock: 3, opensAt: now - hour })
    await server.open(3, 'plain')
    const hasty = await laptop.newPage()
    hasty.setDefaultTimeout(WAIT_MS)
    // Ahead of the server, as a page is before the first sample has come.
    await hasty.addInitScript(`const now = Date.now; Date.now = () => now() + ${hour / 2}`)
    await hasty.route('**/v1/console/stream', () => {})
    await hasty.goto(server.url)
    for (const sku of ['early', 'begun', 'plain']) {
      await hasty.locator('#search').fill(sku)
      await row(sku, hasty).click()
      await hasty.locator('#actions .choice').filter({ hasText: 'Close the sale' }).click()
      if (sku === 'early') await says('#actions .says', 'opening time is taken away', hasty)
      await hasty.locator('#actions button.danger').click()
      await says('#actions .success', `${sku} sale closed`, hasty)
      expect((await reserve(sku)).body.code, sku).toBe('sale_closed')
      await hasty.keyboard.press('Enter')
    }
    expect(await rules('begun')).toMatchObject({ opensAt: now - hour, closesAt: now - hour + 1 })
    await hasty.close()
  })

  test('says what still stands between buyers and a SKU that is resumed', async () => {
    const opensAt = Date.now() + 3_600_000
    await server.call('PUT', '/v1/skus/later', { stock: 3, opensAt, paused: true })
    await server.call('PUT', '/v1/skus/over', { stock: 3, closesAt: 1, paused: true })
    await choose('later', 'Resume')
    await says('#actions .says', /but its sale opens .* refused with “sale not open”/)
    await page.keyboard.press('Escape')
    await choose('over', 'Resume')
    await says('#actions .says', 'but its sale stays closed')
    await page.keyboard.press('Escape')
    await page.locator('#search').fill('')
  })

  test('tells of a result whose form was left, beside whatever is open now', async () => {
    const [held, letGo] = gate()
    await page.route('**/v1/skus/over', async (route) => {
      await held
      await route.continue()
    })
    const dialog = await choose('over', 'Resume')
    await dialog.locator('button[type=submit]').click()
    await page.keyboard.press('Escape')
    await choose('later', 'Add or take stock')
    letGo()
    await says('#session li:first-child', /over resumed.*event \d+/)
    await says('#actions .spoken', 'Done: over resumed')
    await says('#spoken', 'Done: over resumed')
    expect(await dialog.locator('h3').textContent()).toBe('Add or take stock')
    await page.unroute('**/v1/skus/over')
    await page.keyboard.press('Escape')
  })

  test('does once what it is told again because no answer came, from whichever form', async () => {
    const path = '**/v1/skus/later/stock'
    const keys: (string | undefined)[] = []
    const [left, leave] = gate()
    const add = async () => {
      const dialog = await choose('later', 'Add or take stock')
      await dialog.locator('[name=delta]').fill('4')
      await dialog.locator('[name=reason]').fill('found')
      await dialog.locator('[name=reason]').press('Enter')
    }
    await page.route(path, async (route) => {
      keys.push(route.request().headers()['idempotency-key'])
      await route.fetch()
      if (keys.length === 2) await left
      await (keys.length > 2 ? route.fallback() : route.abort())
    })
    await add()
    await says('#actions .problem', 'Doing it again is safe')
    await page.keyboard.press('Escape')
    await add()
    await page.keyboard.press('Escape')
    leave()
    await says('#session li:first-child', /later Add or take stock: No answer came/)
    await add()
    await says('#actions .success', '+4 units: found')
    await page.keyboard.press('Escape')
    expect((await server.call('GET', '/v1/skus/later')).body).toMatchObject({ available: 7 })
    await page.unroute(path)
    await add()
    await says('#actions .success', '+4 units: found')
    await page.keyboard.press('Escape')
    expect(
      (await server.call('GET', '/v1/skus/later')).body,
      'and once more when that is meant',
    ).toMatchObject({ available: 11 })
    expect(new Set(keys).size).toBe(1)
    await page.locator('#search').fill('')
  })

  test('reads more SKUs than one page has, and draws only those in sight', async () => {
    for (let first = 0; first < CROWD; first += 100) {
      const some = Array.from({ length: 100 }, (_, place) => server.open(1, `c${first + place}`))
      await Promise.all(some)
    }
    await says('#sku-count', '1\u202f108')
    expect(await page.locator('.row').count()).toBeLessThan(40)
    await page.locator('#sku-grid').focus()
    await page.keyboard.press('End')
    // Nothing of them was sold, so they are in the order of their names.
    await row('c1099').waitFor()
    expect(await page.locator('#sku-grid').getAttribute('aria-activedescendant')).toBe('row-vase')
    expect(await row('c500').count()).toBe(0)
    expect(await page.locator('.row').count()).toBeLessThan(40)
  })

  test('fits a phone and a laptop, by day and by night, as the system or the operator says', async () => {
    const context = await browser.newContext({ viewport: PHONE, colorScheme: 'dark' })
    const phone = await openPage(context)
    await says('#link', 'Live', phone)
    await row('lamp', phone).waitFor()
    expect([await overflow(phone), await overflow(page)]).toEqual([0, 0])
    const [night, day] = [await paper(phone), await paper(page)]
    expect(night).not.toBe(day)
    await phone.locator('#theme-button').click()
    expect(await paper(phone)).toBe(day)
    await phone.reload()
    expect(await paper(phone), 'the choice is kept').toBe(day)
    await context.close()
  })

  test('says when it is stale and when it is cut off, dims, and comes back by itself', async () => {
    const link = () => page.locator('body').getAttribute('data-link')
    server.signal('SIGSTOP')
    await says('#link', 'Stale')
    await says('#trouble', /No word from the server since \d\d:\d\d:\d\d/)
    expect(await link()).toBe('stale')
    server.signal('SIGCONT')
    await says('#link', 'Live')
    const { port } = server
    await server.end('SIGKILL')
    await says('#link', 'Cut off')
    await says('#trouble', /Cut off from the server since .* Trying again/)
    // Asked from here each time: what polls inside of the page is stopped by the page's own policy.
    const opacity = "Number(getComputedStyle(document.querySelector('main')).opacity)"
    await expect.poll(() => page.evaluate(opacity), { timeout: WAIT_MS }).toBeLessThan(0.7)
    server = await RealServer.start(data(), { port })
    await page.locator('#trouble button').click()
    await says('#link', 'Live')
    expect(await page.locator('#trouble').isVisible()).toBe(false)
    await says('#partitions tbody td[data-label=Epoch]', '2')
  })

  test('says so when it has not arrived whole', async () => {
    const context = await browser.newContext({ viewport: PHONE })
    await context.route('**/console/words.js', (route) => route.abort())
    const torn = await openPage(context)
    await says('#trouble', 'The page has not arrived whole', torn)
    await context.unroute('**/console/words.js')
    await torn.locator('#trouble button').click()
    await says('#link', 'Live', torn)
    await context.close()
  })

  test('asks for a key where one is needed, says why one does not do, and keeps it in the tab', async () => {
    const keys = testKeys(keyDirectory(), ['sell', 'operate'])
    const { port } = server
    await server.end('SIGKILL')
    server = await RealServer.start(data(), { port, flags: ['--keys-file', keys.path] })
    const context = await browser.newContext({ viewport: PHONE })
    const guarded = await openPage(context)
    const give = async (key: string) => {
      await guarded.locator('#key').fill(key)
      await guarded.keyboard.press('Enter')
    }
    await says('#sign-in-why', 'asks for a key with the scope operate', guarded)
    await give('no-such-key')
    await says('#sign-in-why', 'does not take this key', guarded)
    await give(keys.of('sell'))
    await says('#sign-in-why', 'needs a key with the scope operate', guarded)
    await give(keys.of('operate'))
    await says('#link', 'Live', guarded)
    await says('#about', 'operate', guarded)
    await row('lamp', guarded).click()
    await guarded.locator('#actions .choice').first().click()
    await guarded.keyboard.press('Enter')
    await says('#session li', /lamp paused.*· operate$/, guarded)
    expect(guarded.url()).toBe(`${server.url}/`)
    expect(await guarded.evaluate('[localStorage.length, sessionStorage.length]')).toEqual([0, 1])
    await context.close()
  })

  test('complained of nothing, and asked nobody else', () => {
    expect(complaints).toEqual([])
  })
})
