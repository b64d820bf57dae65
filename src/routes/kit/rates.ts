/**
 * How often who may ask. Counted by the platform, per place of its network and in whole minutes; the limits themselves stand in
 * wrangler.toml, so that an operator can change them without a release of code.
 */
import type { Context, Next } from "hono"
import type { Caller } from "../../auth/token.ts"
import { Problem } from "../../errors.ts"
import type { Rates } from "../../worker/platform.ts"
import type { ApiEnv } from "./api.ts"

/** The counters' period: how much of it is left they do not tell. */
export const RATE_PERIOD_S = 60
/** Groups of an IPv6 address that name the network: whoever has one address of it has all the others. */
const NETWORK_GROUPS = 4

type C = Context<ApiEnv>

/** Everything that takes no token. */
export async function limitAddress(c: C, next: Next): Promise<void> {
  await countAddress(c, "address")
  await next()
}

export function countAddress(c: C, rate: keyof Rates): Promise<void> {
  return countRequest(c, rate, addressOf(c.req.header("cf-connecting-ip")))
}

export function countCaller(c: C, rate: keyof Rates): Promise<void> {
  return countRequest(c, rate, callerKey(c.var.caller))
}

export function callerKey({ org, project, subject }: Caller): string {
  return `${org ?? ""}/${project ?? ""}/${subject}`
}

async function countRequest(c: C, rate: keyof Rates, key: string): Promise<void> {
  if (await c.var.ports.rates[rate](key)) return
  throw new Problem("rate_limited", { retryAfterSeconds: RATE_PERIOD_S })
}

/** Cloudflare sets the header and lets nobody else set it; without it, everybody counts as one. */
export function addressOf(header: string | undefined): string {
  if (!header?.includes(":")) return header ?? "unknown"
  const [head = "", tail] = header.split("::")
  const groups = head === "" ? [] : head.split(":")
  const rest = tail ? tail.split(":") : []
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - groups.length - rest.length)).fill("0")
  return [...groups, ...zeros, ...rest].slice(0, NETWORK_GROUPS).join(":")
}
