/** `Idempotency-Key` on creates. */
import type { Context } from "hono"
import type { IdempotentRequest } from "../../db/idempotency.ts"
import { badField } from "../../errors.ts"
import type { ApiEnv } from "./api.ts"

const KEY = /^[\x21-\x7e]{1,255}$/

/** Null where the caller sent no key. */
export async function idempotentRequest(c: Context<ApiEnv>): Promise<IdempotentRequest | null> {
  const key = c.req.header("idempotency-key")
  if (key === undefined) return null
  if (!KEY.test(key)) throw badField("Idempotency-Key", "must be 1 to 255 printable characters.")
  const request = await c.var.ports.sha256(`${c.req.method} ${c.req.path}\n${await c.req.text()}`)
  return { key, request }
}
