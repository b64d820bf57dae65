/** The items of a stored outbox row, whichever version wrote it. */
import type { Item } from "../../connectors/kit/item.ts"
import { clearingOf } from "../protocol/configuration.ts"
import { type OutboxItem, withText } from "../protocol/encoded-item.ts"
import { itemsIn, linesOf } from "../protocol/outbox-body.ts"
import { encodeItem } from "../protocol/track.ts"
import { renamedItem } from "../state/renamed.ts"
import type { Transaction } from "../transaction.ts"

/** Before schema 5 a row was a list of items as JSON; a header never begins with a brace. */
const FORMER = "[{"

export function storedItems(tx: Transaction, body: string): OutboxItem[] {
  return body.startsWith(FORMER) ? formerItems(tx, body) : itemsIn(body)
}

/** As a consumer takes it. */
export function presentBody(tx: Transaction, body: string): string {
  if (!body.startsWith(FORMER)) return body
  return formerItems(tx, body)
    .map((item) => linesOf(item).lines)
    .join("")
}

function formerItems(tx: Transaction, body: string): OutboxItem[] {
  return (JSON.parse(body) as Item[]).map((item) => encodedHere(tx, renamedItem(item)))
}

/** An item that is kept as such: what an earlier version stored, and what is in quarantine. */
export function encodedHere({ state: { configuration } }: Transaction, item: Item): OutboxItem {
  return withText(item, encodeItem(item, configuration.source, clearingOf(configuration)))
}
