// A crowd of subscribers in a process of its own: raw sockets that count bytes, and keep texts only when told to.
import { connect, type Socket } from 'node:net'
import { invariant } from '../../core/invariant.ts'
import { answerParent } from '../answer-parent.ts'
import type { Expected, ReaderOrder, ReaderReport } from './reader-crowd.ts'

/** Sockets that are opened at once. */
const OPENING_MAX = 100
/** What is kept of each stream: some rounds of all SKUs. */
const KEPT_CHARACTERS = 65_536

interface Reader {
  readonly socket: Socket
  /** The end of what has come; from the moment that it is kept. */
  text: string
}

const readers: Reader[] = []
let isKeeping = false
let bytes = 0

answerParent(obey)

async function obey(order: ReaderOrder): Promise<ReaderReport> {
  if (order.kind === 'open') await openAll(order)
  isKeeping ||= order.kind === 'keep'
  const matching = order.kind === 'check' ? countMatching(order.expected) : 0
  return { open: readers.filter(({ socket }) => !socket.destroyed).length, bytes, matching }
}

async function openAll({ url, count, query }: Extract<ReaderOrder, { kind: 'open' }>) {
  const { hostname, port } = new URL(url)
  const opening: Promise<void>[] = []
  for (let number = 0; number < count; number++) {
    opening.push(openOne(hostname, Number(port), query))
    if (opening.length === OPENING_MAX) await Promise.all(opening.splice(0))
  }
  await Promise.all(opening)
}

function openOne(host: string, port: number, query: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    const reader: Reader = { socket, text: '' }
    readers.push(reader)
    socket.once('error', reject)
    socket.write(`GET /v1/stock/stream?${query} HTTP/1.1\r\nHost: bench\r\n\r\n`)
    socket.once('data', (head) => {
      invariant(head.toString('latin1').startsWith('HTTP/1.1 200'), 'every stream begins')
      resolve()
    })
    socket.on('data', (chunk) => {
      bytes += chunk.length
      if (isKeeping) {
        reader.text = (reader.text + chunk.toString('latin1')).slice(-KEPT_CHARACTERS)
      }
    })
  })
}

// A reader matches when the last that it was told of every SKU is as it is.
function countMatching(expected: Expected): number {
  const isTold = (text: string) =>
    Object.entries(expected).every(([sku, state]) => {
      const from = text.lastIndexOf(`data: {"sku":"${sku}",`)
      return from >= 0 && text.startsWith(state, from + 'data: '.length)
    })
  return readers.filter(({ text }) => isTold(text)).length
}
