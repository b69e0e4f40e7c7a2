// Asks a running Holdfast whether it is well, for the health checks of containers: exit code 0 for 2xx, 1 for all else.
// usage: node bin/probe.js http://127.0.0.1:7070/healthz
import { get } from 'node:http'

const PATIENCE_MS = 2_000

const [, , url] = process.argv
if (url === undefined) end('usage: node bin/probe.js <url>')
get(url, { timeout: PATIENCE_MS }, (response) => {
  let text = ''
  response.on('data', (part) => {
    text += part
  })
  response.on('end', () => {
    if (response.statusCode >= 200 && response.statusCode < 300) process.exit(0)
    end(`${response.statusCode} ${text}`)
  })
})
  .on('timeout', () => end(`no answer in ${PATIENCE_MS} ms`))
  .on('error', (error) => end(error.message))

function end(words) {
  process.stderr.write(`${words}\n`)
  process.exit(1)
}
