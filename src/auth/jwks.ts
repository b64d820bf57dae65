/**
 * The issuer's published keys, kept by each isolate. A token with an unknown key id makes them be fetched again, but not more
 * often than the cool-down allows: forged ids must not turn into requests to the issuer.
 */

import { z } from "zod"
import { Problem } from "../errors.ts"
import { type ExchangePorts, exchange, jsonOf } from "../http/exchange.ts"
import { DAY_MS } from "../lib/time.ts"

/** A withdrawn key is believed no longer than this. */
const KEPT_MS = 10 * 60 * 1000
const COOL_DOWN_MS = 30 * 1000
/** While the issuer does not answer, known keys serve on for so long. */
const STALE_MS = DAY_MS
const BOUNDS = { timeoutMs: 5_000, maxBytes: 256 * 1024 }

const jwk = z.looseObject({
  kid: z.string(),
  kty: z.string(),
  alg: z.string().exactOptional(),
  use: z.string().exactOptional(),
})
const keySet = z.object({ keys: z.array(z.unknown()) })

export type PublishedKey = z.infer<typeof jwk>

interface Known {
  keys: PublishedKey[]
  fetchedAt: number
  triedAt: number
}

const known = new Map<string, Known>()

/** Null: the issuer publishes no such key. Throws when its keys cannot be had at all. */
export async function keyNamed(ports: ExchangePorts, url: string, kid: string): Promise<PublishedKey | null> {
  const now = ports.clock.now()
  const cached = known.get(url)
  const hit = cached && now - cached.fetchedAt < KEPT_MS ? find(cached, kid) : null
  if (hit) return hit
  const current = cached && now - cached.triedAt < COOL_DOWN_MS ? cached : await refetchKeys(ports, url, cached)
  if (now - current.fetchedAt > STALE_MS)
    throw new Problem("unavailable", { detail: "The keys that sign tokens cannot be read." })
  return find(current, kid)
}

async function refetchKeys(ports: ExchangePorts, url: string, cached: Known | undefined): Promise<Known> {
  const now = ports.clock.now()
  const keys = await fetchKeys(ports, url)
  const stale = { keys: cached?.keys ?? [], fetchedAt: cached?.fetchedAt ?? 0, triedAt: now }
  const current = keys ? { keys, fetchedAt: now, triedAt: now } : stale
  known.set(url, current)
  return current
}

async function fetchKeys(ports: ExchangePorts, url: string): Promise<PublishedKey[] | null> {
  const answer = await exchange(ports, url, { headers: { accept: "application/json" } }, BOUNDS)
  if (answer.kind !== "answered" || answer.status !== 200 || answer.body.kind !== "whole") return null
  const set = keySet.safeParse(jsonOf(answer.body.text))
  return set.success ? set.data.keys.flatMap((key) => jwk.safeParse(key).data ?? []) : null
}

function find({ keys }: Known, kid: string): PublishedKey | null {
  return keys.find((key) => key.kid === kid) ?? null
}
