import { expect, test } from "vitest"
import { z } from "zod"
import { stripe } from "../../src/connectors/stripe.ts"
import type { Problem } from "../../src/errors.ts"
import { checkAccount, checkShape } from "../../src/use-cases/check-account.ts"
import { acme } from "../support/partners/acme.ts"

const STRIPE_KEY = "rk_test_51AbCdEfGh"
/** A partner whose keys look like nothing in particular. */
const anything = { ...acme, auth: acme.auth.map((way) => ({ ...way, schema: z.string() })) }

function refusal(...args: Parameters<typeof checkShape>): string | null {
  try {
    checkShape(...args)
    return null
  } catch (error) {
    return (error as Problem).message
  }
}

test("a wrong key is not taken for one of a partner whose keys could be any text", () => {
  expect(refusal(stripe, "sk_live_", [anything, stripe])).not.toContain("looks like")
})

test("a key of another partner is refused by name, and sent to nobody, even where any text could be a key", () => {
  expect(refusal(anything, STRIPE_KEY, [anything, stripe])).toBe(
    "credentials.apiKey: This one looks like a key of Stripe.",
  )
  expect(refusal(anything, "some-key", [anything, stripe])).toBeNull()
  expect(refusal(stripe, STRIPE_KEY, [anything, stripe])).toBeNull()
})

test.each([
  ["a year: a day", "31536000", 86_400],
  ["more than a number holds: a day", "9".repeat(400), 86_400],
  ["no time: a second, since nobody should ask again at once", "0", 1],
  ["half a second: a second", "0.5", 1],
  ["nothing in particular: half a minute", "soon", 30],
])("a partner that asks the user to wait for %s", async (_title, asked, retryAfterSeconds) => {
  const http = async () => Response.json({}, { status: 429, headers: { "retry-after": asked } })
  const ports = { clock: { now: () => 0, sleep: async () => {}, timeout: () => new AbortController().signal }, http }
  const check = checkAccount(ports, { connector: stripe, config: {}, credential: { kind: "key", value: STRIPE_KEY } })
  await expect(check).rejects.toMatchObject({ code: "partner_limited", details: { retryAfterSeconds } })
})

test.each([
  [
    "names the account: it is known, as of the time that the refusal is dated",
    { date: new Date(0).toUTCString() },
    true,
  ],
  ["bears no date: when live reading begins could not be told", {}, false],
])("a restricted key that may not read its account, where the refusal %s", async (_title, headers, isKnown) => {
  const message = "The provided key 'rk_test_****' does not have the required permissions on account 'acct_1Nuz'."
  const http = async () =>
    Response.json({ error: { type: "invalid_request_error", message } }, { status: 403, headers })
  const ports = { clock: { now: () => 0, sleep: async () => {}, timeout: () => new AbortController().signal }, http }
  const check = checkAccount(ports, { connector: stripe, config: {}, credential: { kind: "key", value: STRIPE_KEY } })
  if (isKnown) expect(await check).toEqual({ account: { id: "acct_1Nuz", name: "acct_1Nuz", mode: "test" }, at: 0 })
  else await expect(check).rejects.toMatchObject({ code: "credentials_rejected" })
})
