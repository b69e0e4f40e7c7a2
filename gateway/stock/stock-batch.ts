// What is told at once, encoded once for all who hear it: as server-sent events and as WebSocket messages.
import type { GapReason } from './event-id.ts'

export interface BatchContent {
  /** Told first: the reader may have missed something, and hears every state that it needs. */
  readonly gap?: GapReason | undefined
  /** One JSON text per SKU. */
  readonly texts: readonly string[]
  /** How far the reader has come once it has all of them; undefined where ids are not told. */
  readonly id?: string | undefined
}

/** A batch of events. Only the last carries the id: a reader that was cut off before it is told all of them again. */
export class StockBatch {
  readonly #content: BatchContent
  #events: Buffer | undefined
  #messages: readonly Buffer[] | undefined

  constructor(content: BatchContent) {
    this.#content = content
  }

  /** How many events these are. */
  get count(): number {
    const { gap, texts } = this.#content
    return texts.length + (gap === undefined ? 0 : 1)
  }

  /** As bytes of an event stream. */
  get events(): Buffer {
    this.#events ??= Buffer.from(this.#encodeEvents())
    return this.#events
  }

  /** As one WebSocket message per event. */
  get messages(): readonly Buffer[] {
    this.#messages ??= this.#encodeMessages()
    return this.#messages
  }

  #encodeEvents(): string {
    const { gap, texts, id } = this.#content
    let events = gap === undefined ? '' : `event: gap\ndata: {"reason":"${gap}"}\n\n`
    const last = texts.length - 1
    for (const [index, text] of texts.entries()) {
      const idLine = index === last && id !== undefined ? `id: ${id}\n` : ''
      events += `event: stock\n${idLine}data: ${text}\n\n`
    }
    return events
  }

  #encodeMessages(): Buffer[] {
    const { gap, texts, id } = this.#content
    const last = texts.length - 1
    const messages = texts.map((text, index) => {
      const idMember = index === last && id !== undefined ? `,"id":"${id}"` : ''
      return Buffer.from(`{"event":"stock"${idMember},"data":${text}}`)
    })
    if (gap === undefined) return messages
    return [Buffer.from(`{"event":"gap","data":{"reason":"${gap}"}}`), ...messages]
  }
}
