// Server-sent events out of a stream of text (WHATWG HTML, section 9.2.6). Pure, with a bound.

/** No event of Holdfast's is nearly as long. */
const LINE_LENGTH_MAX = 65_536

export interface ServerEvent {
  readonly event: string
  readonly data: string
  /** The id that stands when the event has come; '' before the first. */
  readonly lastId: string
}

/** Takes text as it comes and gives the events that are complete. */
export class EventParser {
  #rest = ''
  #event = ''
  #data: string[] = []
  #lastId: string
  #retryMs: number | undefined

  /** `lastId` stands until the stream says another. */
  constructor(lastId = '') {
    this.#lastId = lastId
  }

  /** How long to wait before the next connection, in ms, where the stream has said so. */
  get retryMs(): number | undefined {
    return this.#retryMs
  }

  /** @throws RangeError when a line never ends. */
  take(text: string): ServerEvent[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?=[^\n])/)
    this.#rest = lines.pop() ?? ''
    if (this.#rest.length > LINE_LENGTH_MAX) throw new RangeError('a line of events never ends')
    const events: ServerEvent[] = []
    for (const line of lines) {
      const event = this.#takeLine(line)
      if (event !== undefined) events.push(event)
    }
    return events
  }

  #takeLine(line: string): ServerEvent | undefined {
    if (line === '') return this.#finish()
    const colon = line.indexOf(':')
    // What begins with a colon is a comment: a sign of life.
    if (colon === 0) return undefined
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') this.#event = value
    else if (field === 'data') this.#data.push(value)
    else if (field === 'id' && !value.includes('\0')) this.#lastId = value
    else if (field === 'retry' && /^\d{1,9}$/.test(value)) this.#retryMs = Number(value)
    return undefined
  }

  #finish(): ServerEvent | undefined {
    const [event, data] = [this.#event, this.#data]
    this.#event = ''
    this.#data = []
    if (data.length === 0) return undefined
    return { event: event === '' ? 'message' : event, data: data.join('\n'), lastId: this.#lastId }
  }
}
