import type { Auth, PartnerName } from "../partners.ts"

/** A planted bug: one that somebody has made in a system of this kind. */
export interface Mutant {
  name: string
  /** Under src. */
  file: string
  /** Found exactly once in the file. */
  from: string
  to: string
  /** Where it is looked for; left out: at Stripe, with a pasted key. */
  at?: { partner: PartnerName; auth: Auth }
  /** Why no seed can find it: it changes nothing that anybody sees, or what it changes is not simulated. */
  survives?: string
}

export const SHOPIFY = { partner: "shopify", auth: "either" } as const
export const SHOPIFY_TOKENS = { partner: "shopify", auth: "oauth" } as const
export const MEADOW = { partner: "meadow", auth: "key" } as const
export const STRIPE_TOKENS = { partner: "stripe", auth: "oauth" } as const
