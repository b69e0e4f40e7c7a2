// What `import … from 'holdfast/client/nats'` gives.
// biome-ignore-all lint/performance/noBarrelFile: one name for users of the package; nothing in here imports it.
export { LinkError } from '../nats/link-error.ts'
export { type NatsTransportOptions, natsTransport } from './nats-transport.ts'
