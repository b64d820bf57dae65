/**
 * The shop's address and the signature of the requests by which Shopify begins and ends an install.
 * https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant
 */
import { z } from "zod"
import type { Hmac, Signature, SignedQuery } from "../kit/define.ts"

export type HmacSha256 = Hmac
/** As the browser brought it; Shopify's own vectors hold numbers too. */
export type Query = Readonly<Record<string, string | readonly (string | number)[]>>

/** As Shopify's own libraries have it: the clocks of two machines, and a page load. */
export const INSTALL_FRESH_SECONDS = 90

/** Lower-case letters, digits and hyphens before `.myshopify.com`, nothing before or after: credentials go nowhere else. */
const SHOP = /^[a-z0-9][a-z0-9-]{0,59}\.myshopify\.com$/

export const shop = z
  .string()
  .trim()
  .toLowerCase()
  .regex(SHOP, "Enter the shop's permanent address as it stands in the Shopify admin, such as example.myshopify.com.")
  .describe("The shop's permanent address: example.myshopify.com")

const GATEWAY_CHARS_MAX = 100
const GATEWAYS_MAX = 50

export const paymentsElsewhere = z
  .array(
    z.strictObject({
      gateway: z
        .string()
        .trim()
        .toLowerCase()
        .min(1)
        .max(GATEWAY_CHARS_MAX)
        .describe("The payment gateway as the charges name it: shopify_payments, paypal, stripe ..."),
      from: z.iso.date().describe("The day, UTC, from which the other source reports them: 2026-03-01"),
    }),
  )
  .max(GATEWAYS_MAX)
  .nullable()
  .default(null)
  .describe(
    "Payment gateways whose payments another source, such as Stripe, reports too, each with the day from which it does: charges from " +
      "then on are not told a second time. Those of all other gateways, and those of before, are. An empty list says that there are none; " +
      "null, that nobody has said yet.",
  )

export function isShop(address: string): boolean {
  return SHOP.test(address)
}

/** Whether Shopify signed the query, with either of two secrets while one is being replaced. The shop named in it is checked too. */
export async function verifyInstallHmac(query: Query, secrets: readonly string[], hmac: HmacSha256): Promise<boolean> {
  const { hmac: given, shop: address } = query
  if (typeof given !== "string" || typeof address !== "string" || !isShop(address)) return false
  const message = messageOf(query)
  const made = await Promise.all(secrets.map((secret) => hmac(secret, message)))
  return made.map((digest) => isEqual(hex(digest), given)).includes(true)
}

export function isFreshInstall(query: Query, nowMs: number): boolean {
  const { timestamp } = query
  if (typeof timestamp !== "string" || !/^\d{1,12}$/.test(timestamp)) return false
  return Math.abs(nowMs / 1000 - Number(timestamp)) <= INSTALL_FRESH_SECONDS
}

export const installSignature: Signature = {
  verify: async (query, secrets, hmac, nowMs) =>
    isFreshInstall(query, nowMs) && (await verifyInstallHmac(query, secrets, hmac)),
  config: (query) => {
    const address = shopIn(query)
    return address === null ? null : { shop: address }
  },
  account: shopIn,
}

function shopIn({ shop: address }: SignedQuery): string | null {
  return typeof address === "string" && isShop(address) ? address : null
}

/** Everything but the signature, by name; a list as `ids=["2", "1"]`. */
function messageOf(query: Query): string {
  return Object.entries(query)
    .filter(([name]) => name !== "hmac" && name !== "signature")
    .map(([name, value]) => [name.replace(/\[\]$/, ""), typeof value === "string" ? value : listOf(value)] as const)
    .sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
    .map(([name, value]) => `${escaped(name).replaceAll("=", "%3D")}=${escaped(value)}`)
    .join("&")
}

function listOf(values: readonly (string | number)[]): string {
  return `[${values.map((value) => `"${value}"`).join(", ")}]`
}

/** So that no value can pass for two. */
function escaped(value: string): string {
  return value.replaceAll("%", "%25").replaceAll("&", "%26")
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")
}

/** In the same time wherever they differ. */
function isEqual(one: string, other: string): boolean {
  if (one.length !== other.length) return false
  let difference = 0
  for (let index = 0; index < one.length; index++) difference |= one.charCodeAt(index) ^ other.charCodeAt(index)
  return difference === 0
}
