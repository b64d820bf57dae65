/**
 * Which attributes of a person or company have lost their value at the partner. Only a live reading says so: a list of the past would
 * clear what a newer state has set. Shared attributes (name, email, phone ...) are never cleared, since another source may know them.
 */
import { z } from "zod"
import type { Collection, Draft, NormalizeContext } from "./define.ts"
import type { Cleared, ClearedKind } from "./item.ts"

/** Undefined: none. In the order of their names, so that equal items are equal bytes. */
export function clearedOf(
  partner: string,
  { kind, schema }: Collection,
  { cleared = [], userAttributes, accountAttributes }: Draft,
  via: NormalizeContext<unknown>["via"],
): Cleared | undefined {
  if (kind !== "object" || via === "list") return undefined
  const has = { ...userAttributes, ...accountAttributes }
  const named = cleared === "absent" ? Object.keys(schema.shape) : cleared
  const lost = [...new Set(named)].filter((name) => name.startsWith(`${partner}_`) && !Object.hasOwn(has, name)).sort()
  return lost.length === 0 ? undefined : Object.fromEntries(lost.map((name) => [name, kindOf(schema, name)]))
}

/** What the collection's table says of the attribute; of one that it has no row for (metadata), what it says of all others. */
function kindOf({ shape, def }: z.ZodObject, name: string): ClearedKind {
  const documented = bare(shape[name] ?? def.catchall)
  if (documented instanceof z.ZodArray) return "list"
  const isText = [z.ZodString, z.ZodStringFormat, z.ZodEnum].some((type) => documented instanceof type)
  return isText ? "text" : "other"
}

function bare(type: unknown): unknown {
  return type instanceof z.ZodOptional || type instanceof z.ZodNullable ? bare(type.unwrap()) : type
}
