/** Every fault, met by a source of a shop: what arrives in the end is what it holds, once. */
import { allow, OF_ANY_PARTNER, testFaults } from "./kit/faults.ts"
import { shopify } from "./kit/shopify.ts"

testFaults(shopify, {
  ...OF_ANY_PARTNER,
  forbidden: { path: "orders", mend: allow("Placed order", "read_orders") },
  // A cursor holds the row and its place.
  lost_second: "never",
})
