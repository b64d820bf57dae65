/** Every fault, met by a source of a Stripe account: what arrives in the end is what it holds, once. */
import { allow, OF_ANY_PARTNER, testFaults } from "./kit/faults.ts"
import { stripe } from "./kit/stripe.ts"

testFaults(stripe, {
  ...OF_ANY_PARTNER,
  forbidden: { path: "/v1/invoices", mend: allow("Invoice", "invoice: read") },
  lost_second: "while writing",
})
