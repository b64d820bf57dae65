/** Leases and claims. */
import { type Mutant, SHOPIFY_TOKENS } from "./mutant.ts"

export const GRANTS: readonly Mutant[] = [
  {
    name: "a page of another deploy is taken",
    file: "source/reading/checkpoint.ts",
    from: "if (page.protocol !== PROTOCOL || !slice",
    to: "if (page.protocol < 0 || !slice",
  },
  {
    name: "what another deploy says of a lease is believed",
    file: "source/reading/settlement.ts",
    from: "if (protocol !== PROTOCOL) return",
    to: "if (protocol < 0) return",
    survives:
      "What another deploy says of a lease is the same here; it is not believed where its words mean something else.",
  },
  {
    name: "what another deploy says of refused rows is believed",
    file: "source/delivery/delivery.ts",
    from: "state.claim?.number === number && protocol === PROTOCOL",
    to: "state.claim?.number === number && protocol > 0",
  },
  {
    name: "what another deploy has delivered is not believed",
    file: "source/delivery/delivery.ts",
    from: 'if (result.outcome === "delivered") rowsDelivered(tx, result.rows)',
    to: 'if (result.outcome === "delivered" && protocol === PROTOCOL) rowsDelivered(tx, result.rows)',
  },
  {
    name: "another deploy is handed a credential",
    file: "source/engine/engine.ts",
    from: "if (protocol !== PROTOCOL || !this.#holdsLease(lease)) return null",
    to: "if (protocol < 0 || !this.#holdsLease(lease)) return null",
    at: SHOPIFY_TOKENS,
  },
  {
    name: "a lease's number is not compared",
    file: "source/state/lease.ts",
    from: "return lease !== null && lease.number === number",
    to: "return grant !== null && number > 0",
  },
  {
    name: "a lease in force is given again",
    file: "source/reading/lease.ts",
    from: "return slices.filter((slice) => !inForce(slice.lease, now) && isReady",
    to: "return slices.filter((slice) => isReady",
  },
  {
    name: "a claim in force is given again",
    file: "source/delivery/delivery.ts",
    from: "  if (inForce(state.claim, now)) {\n",
    to: "  if (inForce(state.claim, now) && state.claim.nonce === ask.nonce) {\n",
  },
  {
    name: "a claim is said to be renewed, and is not",
    file: "source/delivery/delivery.ts",
    from: '  if (state.claim.until - now < RENEW_BELOW_MS) state.claim.until = now + CLAIM_MS\n  return { kind: "go", until: state.claim.until }',
    to: '  return { kind: "go", until: now + CLAIM_MS }',
  },
  {
    name: "a consumer posts on when its claim has ended",
    file: "pipeline/claim.ts",
    from: "until - ports.clock.now() >= CLAIM_REST_MS",
    to: "until - ports.clock.now() >= -1e9 * CLAIM_REST_MS",
  },
  {
    name: "a delivery reported late is not believed",
    file: "source/delivery/delivery.ts",
    from: '    if (result.outcome === "delivered") rowsDelivered(tx, result.rows)\n',
    to: '    if (result.outcome === "delivered" && current) rowsDelivered(tx, result.rows)\n',
  },
  {
    name: "a lease that ran out runs out again with every tx",
    file: "source/reading/settlement.ts",
    from: "    slice.lease.lapsed = true\n",
    to: "",
  },
  {
    name: "a lease in force is given to whoever asks",
    file: "source/reading/lease.ts",
    from: "inForce(lease, now) && lease.nonce === ask.nonce",
    to: 'inForce(lease, now) && lease.nonce !== ""',
  },
  {
    name: "all lists of a backfill are read at once",
    file: "source/reading/lease.ts",
    from: "Math.max(0, backfillsAtOnce(tx) - leased)",
    to: "Math.max(0, 1e9 * backfillsAtOnce(tx) - leased)",
  },
]
