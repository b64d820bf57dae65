/** `Idempotency-Key` on creates: the same key and request within a day get what the first one made. */
import type { Context } from "hono"
import { findMade, type IdempotentRequest } from "../../db/idempotency.ts"
import { findSource, type SourceRow } from "../../db/sources.ts"
import { badField, Problem } from "../../errors.ts"
import type { ApiEnv } from "./api.ts"

const KEY = /^[\x21-\x7e]{1,255}$/

/** `make` stores the request with what it makes, in one batch; null where the caller sent no key. */
export async function once(
  c: Context<ApiEnv>,
  make: (asked: IdempotentRequest | null) => Promise<SourceRow>,
): Promise<SourceRow> {
  const asked = await askedOf(c)
  if (!asked) return make(null)
  const made = await madeBefore(c, asked)
  if (made) return made
  try {
    return await make(asked)
  } catch (error) {
    // The same request may have won the race while this one asked the partner.
    const winner = await madeBefore(c, asked)
    if (winner) return winner
    throw error
  }
}

async function askedOf(c: Context<ApiEnv>): Promise<IdempotentRequest | null> {
  const key = c.req.header("idempotency-key")
  if (key === undefined) return null
  if (!KEY.test(key)) throw badField("Idempotency-Key", "must be 1 to 255 printable characters.")
  const request = await c.var.ports.sha256(`${c.req.method} ${c.req.path}\n${await c.req.text()}`)
  return { key, request }
}

async function madeBefore(c: Context<ApiEnv>, asked: IdempotentRequest): Promise<SourceRow | null> {
  const { ports, tenant } = c.var
  const before = await findMade(ports.db, tenant, asked.key, ports.clock.now())
  if (!before) return null
  if (before.request !== asked.request) throw new Problem("idempotency_mismatch")
  return findSource(ports.db, tenant, before.made).catch((error) => {
    // What the first request made is gone: neither that nor another one is the answer to this one.
    throw error instanceof Problem && error.code === "not_found" ? madeAndDeleted(before.made) : error
  })
}

function madeAndDeleted(source: string): Problem {
  const detail = `This Idempotency-Key made the source ${source}, which has been deleted since.`
  return new Problem("idempotent_source_deleted", { detail, source })
}
