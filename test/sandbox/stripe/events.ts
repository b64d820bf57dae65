/** Emitting events: a snapshot of the object in the account's own API version, with what changed, visible now or late. */
import { type JsonObject, previousAttributes } from "../json.ts"
import { type Account, add, newRow, now, touch } from "./account.ts"
import type { ChargeRow, ObjectKind, Rows } from "./model.ts"
import { paymentIntentObject } from "./objects/payment.ts"
import { render } from "./versions.ts"

/** Events that tell what changed, besides all that end in `.updated`. */
const WITH_PREVIOUS = new Set(["charge.refunded"])

/** Tells the feed that something happened to an object, which stays as it is. */
export function emit<K extends ObjectKind>(account: Account, type: string, kind: K, row: Rows[K]): void {
  if (isKept(account)) store(account, type, { object: snapshot(account, kind, row) })
}

/**
 * Changes an object and emits the events, in the order given. Returns false when the change changed nothing; then nothing is
 * emitted, as Stripe does for an update without effect.
 */
export function change<K extends ObjectKind>(
  account: Account,
  kind: K,
  row: Rows[K],
  edit: (row: Rows[K]) => void,
  types: readonly string[],
): boolean {
  touch(account, kind, row)
  if (!isKept(account)) {
    edit(row)
    return true
  }
  const before = snapshot(account, kind, row)
  edit(row)
  const after = snapshot(account, kind, row)
  const previous = previousAttributes(before, after)
  if (!previous) return false
  for (const type of types) {
    const tellsChange = type.endsWith(".updated") || WITH_PREVIOUS.has(type)
    store(account, type, tellsChange ? { object: after, previous_attributes: previous } : { object: after })
  }
  return true
}

/** The feed's other news about a payment, which a reader of charges does not need. */
export function emitIntent(account: Account, type: string, charge: ChargeRow): void {
  if (isKept(account)) store(account, type, { object: paymentIntentObject(account, charge) })
}

function snapshot<K extends ObjectKind>(account: Account, kind: K, row: Rows[K]): JsonObject {
  return render(account, kind, row, account.options.version)
}

/** While a seed builds the far past, events that the retention has long removed are not even made. */
function isKept(account: Account): boolean {
  return now(account) >= account.eventsFrom
}

function store(account: Account, type: string, data: JsonObject): void {
  const row = newRow(account, "evt")
  const { eventDelay } = account.writeFaults()
  row.visibleAt = now(account) + (eventDelay > 0 ? account.random.int(0, eventDelay) : 0)
  add(account, "event", { ...row, type, apiVersion: account.options.version, data: JSON.stringify(data) })
}
