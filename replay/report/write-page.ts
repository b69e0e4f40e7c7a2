// Writes the report's page to a file: whole or not at all, and never over anything but an older page.
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const PAGE_BEGINS = '<!doctype html>'

/** Why `file` cannot be written to, in words for the operator; undefined when it may. */
export function pageObstacle(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false })
  if (found?.isDirectory() === true) {
    return `${file} is a folder: name a file, like ${join(file, 'report.html')}`
  }
  if (found !== undefined && !isPage(file, found.isFile())) {
    return `${file} is there and is no HTML page: it is left alone`
  }
  const folder = dirname(file)
  return existsSync(folder) ? undefined : `the folder ${folder} does not exist`
}

/** Writes `page` beside `file` and renames it. @throws the operating system's error, with nothing left behind. */
export function writePage(file: string, page: string): void {
  const draft = `${file}.${process.pid}.draft`
  try {
    writeFileSync(draft, page)
    renameSync(draft, file)
  } catch (fault) {
    rmSync(draft, { force: true })
    throw fault
  }
}

function isPage(file: string, isFile: boolean): boolean {
  if (!isFile) return false
  const text = readFileSync(file, 'latin1')
  return text === '' || text.slice(0, PAGE_BEGINS.length).toLowerCase() === PAGE_BEGINS
}
