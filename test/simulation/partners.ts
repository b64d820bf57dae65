/** The partners that can be simulated, by the name of their connector. */
import { MEADOW } from "./meadow/account.ts"
import { PADDLE } from "./paddle/account.ts"
import type { PartnerKind } from "./partner.ts"
import { SHOPIFY } from "./shopify/account.ts"
import { STRIPE } from "./stripe/account.ts"

export const PARTNERS = { stripe: STRIPE, shopify: SHOPIFY, meadow: MEADOW, paddle: PADDLE } as const satisfies Record<
  string,
  PartnerKind
>
export type PartnerName = keyof typeof PARTNERS

/** How a source is let in: by a pasted key, by signing in, or as the seed has it. */
export const AUTHS = ["key", "oauth", "either"] as const
export type Auth = (typeof AUTHS)[number]
