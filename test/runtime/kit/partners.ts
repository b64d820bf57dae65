/** Every partner whose sources are tested alike. */
import { shopify } from "./shopify.ts"
import type { Partner } from "./source.ts"
import { stripe } from "./stripe.ts"

export const PARTNERS: readonly Partner[] = [stripe, shopify]
