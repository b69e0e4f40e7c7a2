// What can go wrong while a local cluster is started or steered.

/** The local cluster cannot go on; `code` is stable. */
export class ClusterError extends Error {
  readonly code: 'nats_server_missing' | 'process_ended'

  constructor(code: ClusterError['code'], message: string) {
    super(message)
    this.name = 'ClusterError'
    this.code = code
  }
}
