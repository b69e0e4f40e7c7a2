// Who calls: a key with its scopes, a buyer with a token, or anyone where no keys are asked for.

/** What a key may do: sell (reservations), read (stock and figures), operate (open SKUs, change stock and rules). */
export type Scope = 'sell' | 'read' | 'operate'

export type Principal =
  | { readonly kind: 'anyone' }
  | {
      readonly kind: 'key'
      readonly id: string
      readonly name: string
      readonly scopes: ReadonlySet<Scope>
    }
  | { readonly kind: 'buyer'; readonly buyer: string }

/** Where no keys are configured, everybody may do everything: on loopback only. */
export const ANYONE: Principal = { kind: 'anyone' }

/** The name under which the journal keeps what `principal` did as an operator; undefined when nobody had to say it. */
export function operatorOf(principal: Principal): string | undefined {
  return principal.kind === 'key' ? principal.name : undefined
}

/** The buyer whose token it is; undefined for callers that act for all buyers. */
export function buyerOf(principal: Principal): string | undefined {
  return principal.kind === 'buyer' ? principal.buyer : undefined
}
