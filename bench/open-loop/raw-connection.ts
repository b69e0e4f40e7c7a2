// One HTTP/1.1 connection with one request in flight, as cheap as it gets: the load must not cost what it measures.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { invariant } from '../../core/invariant.ts'

const HEAD_END = '\r\n\r\n'
const LENGTH = /content-length: (\d+)/i

/** Status and body of an answer. */
export type OnReply = (status: number, body: string) => void

export class RawConnection {
  readonly #socket: Socket
  #received = ''
  #onReply: OnReply | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.setNoDelay(true)
    socket.on('data', (text: string) => this.#read(text))
    // A connection that the server ends answers nothing more; whoever waits gives up by its own clock.
    socket.on('error', () => socket.destroy())
  }

  /** Connects to 127.0.0.1. */
  static async open(port: number): Promise<RawConnection> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new RawConnection(socket)
  }

  /** Sends bytes of one whole request; `onReply` is called once, when its answer has come. */
  send(request: string | Buffer, onReply: OnReply): void {
    invariant(this.#onReply === undefined, 'one request is in flight')
    this.#onReply = onReply
    this.#socket.write(request)
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(text: string): void {
    this.#received += text
    const headEnd = this.#received.indexOf(HEAD_END)
    if (headEnd < 0) return
    const length = Number(LENGTH.exec(this.#received)?.[1] ?? 0)
    const end = headEnd + HEAD_END.length + length
    if (this.#received.length < end) return
    const onReply = this.#onReply
    const status = Number(this.#received.slice(9, 12))
    const body = this.#received.slice(headEnd + HEAD_END.length, end)
    this.#received = ''
    this.#onReply = undefined
    onReply?.(status, body)
  }
}

/** A POST of JSON, whole. */
export function postOf(path: string, body: string): Buffer {
  const head = `host: bench\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${head}${HEAD_END}${body}`, 'latin1')
}
