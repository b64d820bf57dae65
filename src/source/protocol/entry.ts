/** What quarantine keeps of a body: a consumer cuts it before it sends it, the source before it stores it. */
import type { JsonValue } from "../../connectors/kit/item.ts"
import { cutToBytes, utf8Bytes } from "../../lib/bytes.ts"
import type { QuarantineEntry } from "./views.ts"

/** An entry is kept whole up to this; a longer one is cut, and can only be discarded. */
export const ENTRY_BYTES = 256_000
/** Quoted as text once more, what is cut may double. */
const CUT_BYTES = ENTRY_BYTES / 2 - 100

/** The body as it is kept. Done again it changes nothing. */
export function bounded(body: JsonValue): JsonValue {
  const text = JSON.stringify(body)
  return utf8Bytes(text) <= ENTRY_BYTES ? body : { truncated: cutToBytes(text, CUT_BYTES) }
}

/** Cut at the limit, with what it was: a truncated body cannot be replayed. */
export function isWhole(entry: QuarantineEntry): boolean {
  return !(typeof entry.body === "object" && entry.body !== null && "truncated" in entry.body)
}
