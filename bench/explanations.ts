// What people write about figures (explanations.md), by scenario, and the little Markdown that they write it in.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { html, type Markup, trusted } from '../replay/report/markup.ts'
import { CHECKOUT } from './checkout.ts'

/** Markdown by the name of a scenario. */
export type Explanations = ReadonlyMap<string, string>

/** Those of the checkout. */
export function readExplanations(): Explanations {
  return parseExplanations(readFileSync(join(CHECKOUT, 'bench', 'explanations.md'), 'utf8'))
}

/** Sections begin with `## name`; what stands before the first is for those who write. */
export function parseExplanations(text: string): Explanations {
  const [, ...sections] = text.split(/^## /m)
  return new Map(
    sections.map((section) => {
      const [name = '', ...lines] = section.split('\n')
      return [name.trim(), lines.join('\n').trim()]
    }),
  )
}

/** Paragraphs and lists as HTML, with `code` and **bold**; everything else is text. */
export function proseMarkup(text: string): Markup {
  const blocks = text.split(/\n{2,}/).filter((block) => block.trim() !== '')
  return html`${blocks.map((block) => (block.startsWith('- ') ? listMarkup(block) : html`<p>${inline(block)}</p>`))}`
}

function listMarkup(block: string): Markup {
  const items = block.slice(2).split(/\n- /)
  return html`<ul>${items.map((item) => html`<li>${inline(item)}</li>`)}</ul>`
}

// Escaped first, so that the only markup is ours.
function inline(text: string): Markup {
  const { text: escaped } = html`${text}`
  return trusted(
    escaped
      .replace(/`([^`]+)`/g, '<code>$1</code>')
      .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>'),
  )
}
