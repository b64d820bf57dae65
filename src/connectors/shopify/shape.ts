/** What Shopify's objects have in common: global ids, times, words. */
import type { NormalizeContext, PaidElsewhere } from "../kit/define.ts"
import { RecordError } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import type { CountsTests } from "../kit/test-money.ts"
import { at, text } from "../kit/values.ts"

export interface Config extends CountsTests {
  /** `example.myshopify.com` */
  shop: string
  /** Gateways whose payments another source reports: no `Charge` of those from here. Null: nobody has said yet. */
  paymentsElsewhere: readonly PaidElsewhere[] | null
}

export type Reading = NormalizeContext<Config>

/** The number at the end of a global id (`gid://shopify/Order/450789469` -> `450789469`), which webhooks and the admin show too. */
export function numericId(gid: string | null): string | null {
  return gid?.match(/^gid:\/\/shopify\/\w+\/(\d+)/)?.[1] ?? null
}

export function idAt(object: JsonValue, path: string): string | null {
  return numericId(text(object, path))
}

export function needId(object: JsonValue, path = "id"): string {
  const id = idAt(object, path)
  if (id === null) throw new RecordError(`the record has no Shopify id in ${path}`)
  return id
}

/** `Order` of `gid://shopify/Order/450789469`. */
export function typeOf(object: JsonValue): string | null {
  return text(object, "id")?.match(/^gid:\/\/shopify\/(\w+)\//)?.[1] ?? null
}

/** Epoch ms of a time as Shopify writes it, which is to the second. */
export function timeAt(object: JsonValue, path: string): number | null {
  const ms = Date.parse(text(object, path) ?? "")
  return Number.isNaN(ms) ? null : ms
}

export function needTime(object: JsonValue, path: string): number {
  const ms = timeAt(object, path)
  if (ms === null) throw new RecordError(`the record has no time in ${path}`)
  return ms
}

/** As the catalogue documents times. */
export function isoAt(object: JsonValue, path: string): string | null {
  const ms = timeAt(object, path)
  return ms === null ? null : new Date(ms).toISOString()
}

/** The text values of a list, such as tags; null for none. */
export function listed(object: JsonValue, path: string): string[] | null {
  const found = at(object, path)
  const words = Array.isArray(found) ? found.filter((entry) => typeof entry === "string") : []
  return words.length > 0 ? words : null
}

export function lower(object: JsonValue, path: string): string | null {
  return text(object, path)?.toLowerCase() ?? null
}
