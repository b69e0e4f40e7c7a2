// Answers every NATS message with itself: what one command per message costs, without anything behind it.
import { connect } from '@nats-io/transport-node'

const [, , url = '', subject = ''] = process.argv
const connection = await connect({ servers: url, noAsyncTraces: true })
connection.subscribe(subject, {
  callback: (_, message) => {
    message.respond(message.data)
  },
})
await connection.flush()
process.send?.('ready')
