// The package's entry point `holdfast/client`: what its users may import.
// biome-ignore-all lint/performance/noBarrelFile: one name for users of the package; nothing in here imports it.
export { HoldfastError, type HoldfastErrorCode } from './errors.ts'
export {
  type AdjustRequest,
  type CallOptions,
  type ClientOptions,
  type ConfirmRequest,
  HoldfastClient,
  type ReserveRequest,
  type ReturnRequest,
} from './holdfast-client.ts'
export { type HttpTransportOptions, httpTransport } from './http-transport.ts'
export type { Operation, RulesChange, SkuCall, SkuTerms } from './operations.ts'
export type { Refusal, RefusalCode } from './refusals.ts'
export type { Reservation, ReservationResult, ReservationState } from './reservations.ts'
export type { Sku, SkuResult, SkuRules, SkuState } from './skus.ts'
export type { StockGap, StockLevel, StockNews, StockState } from './stock-news.ts'
export {
  type Attempt,
  AttemptError,
  type ClientTransport,
  type TransportAnswer,
} from './transport.ts'
export { type WatchOptions, watchStock } from './watch-stock.ts'
