/** The same Idempotency-Key and request within a day get what the first one made. */
import { findMade, type IdempotentRequest } from "../db/idempotency.ts"
import { findSource, type SourceRow } from "../db/sources.ts"
import { Problem } from "../errors.ts"
import type { Context } from "./context.ts"

/** `make` stores the request with what it makes, in one batch; null where the caller sent no key. */
export async function once(
  context: Context,
  request: IdempotentRequest | null,
  make: () => Promise<SourceRow>,
): Promise<SourceRow> {
  if (!request) return make()
  const made = await madeBefore(context, request)
  if (made) return made
  try {
    return await make()
  } catch (error) {
    // The same request may have won the race while this one asked the partner.
    const winner = await madeBefore(context, request)
    if (winner) return winner
    throw error
  }
}

async function madeBefore({ ports, tenant }: Context, asked: IdempotentRequest): Promise<SourceRow | null> {
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
