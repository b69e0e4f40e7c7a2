// Every NATS subject of a cluster. Partitions go by number: no text of a client ever becomes part of a subject.

/** What a cluster may be called: it is part of every subject. */
export const CLUSTER_NAME: RegExp = /^[A-Za-z0-9-]{1,32}$/

/** Where a partition takes frames of commands. */
export function commandSubject(cluster: string, partition: number): string {
  return `holdfast.${cluster}.p.${partition}.cmd`
}

/** Where a partition's owner says who it is and how many partitions there are. */
export function helloSubject(cluster: string, partition: number): string {
  return `holdfast.${cluster}.p.${partition}.hello`
}

/** Where a partition's owner publishes changes of stock, and that it is alive. */
export function stockSubject(cluster: string, partition: number): string {
  return `holdfast.${cluster}.stock.${partition}`
}

/** Where gateways take calls of the native API. */
export function apiSubject(cluster: string, verb: string): string {
  return `holdfast.${cluster}.api.${verb}`
}
