// HTML that escapes by itself: whatever is put into a template is text, unless it is markup already.

/** A piece of HTML that may be written as it is. Only `html` and `trusted` make it. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Value = string | number | Markup | readonly Markup[]

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Markup from a template. Values are escaped for text and for quoted attributes. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  let text = parts[0] ?? ''
  for (const [index, value] of values.entries()) text += textOf(value) + (parts[index + 1] ?? '')
  return new Markup(text)
}

/** Markup from our own constants: never from what a client said. */
export function trusted(text: string): Markup {
  return new Markup(text)
}

/** Nothing. */
export const NOTHING: Markup = new Markup('')

/** A value as JSON inside a script element: no character in it can end the element, or begin a comment. */
export function jsonMarkup(value: unknown): Markup {
  const text = JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('>', '\\u003e')
    .replaceAll('&', '\\u0026')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
  return new Markup(text)
}

function textOf(value: Value): string {
  if (value instanceof Markup) return value.text
  if (Array.isArray(value)) return value.map(({ text }: Markup) => text).join('')
  return String(value).replace(/[&<>"']/g, (found) => ENTITIES[found] ?? '')
}
