// Small hands for the document. Whatever comes from outside goes in as text, never as markup.

/**
 * An element that must be there.
 * @param {string} selector @param {ParentNode} [within] @returns {HTMLElement}
 */
export function find(selector, within = document) {
  const found = within.querySelector(selector)
  if (!(found instanceof HTMLElement)) throw new Error(`the page has no ${selector}`)
  return found
}

/**
 * A new element with attributes and children; texts become text nodes.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Record<string, string>} [attributes] @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children)
  return made
}

/** Sets a text where it differs, so that nothing is drawn anew for nothing. @param {Node} node @param {string} text */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text
}

/** Tells those who listen instead of look: a dialog that is open silences all regions but its own. @param {string} text */
export function announce(text) {
  for (const region of document.querySelectorAll('.spoken[aria-live]')) say(region, text)
}

/** Whether keys that are typed now go into a field. @param {EventTarget | null} target @returns {boolean} */
export function isField(target) {
  return target instanceof HTMLElement && target.matches('input, select, textarea')
}
