// `holdfast replay report` as operators run it: in words, as JSON, as a page; and what it refuses.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { pageObstacle } from '../../../replay/report/write-page.ts'
import { copyGolden } from '../../fixtures/golden-journal.ts'
import { type Ending, runHoldfast } from '../../fixtures/real-server.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'
import { openedEvent, reservedEvent, writeEvents } from '../../fixtures/written-events.ts'

const newDirectory = tempDirectories()

const report = (...words: string[]): Promise<Ending> => runHoldfast(['replay', 'report', ...words])

function golden(): string {
  const data = newDirectory()
  copyGolden(data)
  return data
}

describe('a report', () => {
  test('in words tells the sale, and the proof at its end', async () => {
    const { status, stdout, stderr } = await report(golden())
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^units sold +7 of 1,069 \(0\.7 %\)$/m)
    expect(stdout).toMatch(/^ {2}expired +16 \(66\.7 %\), 52 units$/m)
    expect(stdout).toMatch(/^returned +2 units in 2 returns$/m)
    expect(stdout).toMatch(/^shoe +7 +60 /m)
    expect(stdout).toMatch(/^bob +2 +1$/m)
    expect(stdout).toMatch(/^oversold +0 units/m)
    expect(stdout).toMatch(/^stranded +0 units/m)
    expect(stdout).toMatch(/^journaled +61 events, last seq 61: no gap, every chain/m)
  })

  test('as a page is written whole, and again; with --json, one object is printed', async () => {
    const [data, folder] = [golden(), newDirectory()]
    const file = join(folder, 'report.html')
    const { status, stdout, stderr } = await report(data, '--html', file)
    expect([status, stdout, stderr]).toEqual([0, `${file}\n`, ''])
    const page = readFileSync(file, 'utf8')
    expect(page).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/)
    writeFileSync(file, '<!doctype html>an older one')
    const again = await report(data, '--html', file, '--json')
    expect([again.status, again.stderr, again.stdout.trimEnd().split('\n').length]).toEqual([
      0,
      '',
      1,
    ])
    expect(JSON.parse(again.stdout)).toMatchObject({
      ...{ units: { sold: 7, held: 1 }, returns: 2, value: { EUR: '39910' } },
      proof: { oversoldUnits: 0, strandedUnits: 0, events: 61, lastSeqs: 61 },
    })
    expect(readFileSync(file, 'utf8')).toBe(page)
    expect(readdirSync(folder)).toEqual(['report.html'])
  })
})

describe('what cannot be reported, or written', () => {
  test('a folder is no file, and is named', async () => {
    const folder = newDirectory()
    const { status, stdout, stderr } = await report(golden(), '--html', folder)
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toBe(
      `replay report: ${folder} is a folder: name a file, like ${join(folder, 'report.html')}\n`,
    )
  })

  test('a file that is no page is left alone, and a folder must be there', () => {
    const folder = newDirectory()
    const file = join(folder, 'orders.csv')
    writeFileSync(file, 'sku,units\n')
    expect(pageObstacle(file)).toMatch(
      /orders\.csv is there and is no HTML page: it is left alone$/,
    )
    expect(pageObstacle(join(folder, 'none', 'report.html'))).toMatch(/none does not exist$/)
    expect(pageObstacle('/dev/null')).toMatch(/is no HTML page/)
    writeFileSync(file, '')
    expect(pageObstacle(file)).toBeUndefined()
    expect(pageObstacle(join(folder, 'report.html'))).toBeUndefined()
  })

  test('a file that the system does not let be written is a fault, and leaves nothing', async () => {
    const folder = newDirectory()
    const { status, stdout, stderr } = await report(
      golden(),
      '--html',
      join(folder, 'x'.repeat(250)),
    )
    expect([status, stdout, readdirSync(folder)]).toEqual([1, '', []])
    expect(stderr).toMatch(/^replay: ENAMETOOLONG: .*\[ENAMETOOLONG\]$/m)
  })

  test('a journal that breaks a promise is a fault, and leaves no page', async () => {
    const data = newDirectory()
    await writeEvents(data, [[openedEvent(1)], [reservedEvent('a', 2)]])
    const file = join(newDirectory(), 'report.html')
    const { status, stdout, stderr } = await report(data, '--html', file)
    expect([status, stdout, existsSync(file)]).toEqual([1, '', false])
    expect(stderr).toMatch(/event 2 \(reserved\) does not follow .*\[journal_damaged\]$/m)
  })
})
