/** Quarantine: what could not be normalized or was refused for good, kept with the reason until replayed, replaced or discarded. */
import type { Item, JsonValue, Reject } from "../../connectors/kit/item.ts"
import { hash64 } from "../../lib/hash.ts"
import { keyHash } from "../dedupe/hashes.ts"
import type { OutboxItem } from "../protocol/encoded-item.ts"
import { bounded, isWhole } from "../protocol/entry.ts"
import { itemOf } from "../protocol/track.ts"
import type { QuarantineEntry } from "../protocol/views.ts"
import { feedsOf } from "../reading/slice.ts"
import { countsOf, findRun } from "../runs/run.ts"
import { renamedItem } from "../state/renamed.ts"
import type { Run } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"
import { toRows } from "./outbox.ts"
import { encodedHere } from "./stored-items.ts"

/** From this many of one collection on, the streams that feed it stop: the fault is not a single record's. */
export const QUARANTINE_MAX = 1_000
/** A reason is a sentence; a longer one quotes what is kept beside it. */
const ENTRY_REASON_CHARS_MAX = 500
interface Stored extends Omit<QuarantineEntry, "id"> {
  run: string
}

/** Answers the entry's id, or null where a newer state of the object is already on its way: the refused one is pointless then. */
export function quarantineItem(tx: Transaction, item: OutboxItem, reason: string, run: string): number | null {
  const counts = totals(tx, item.collection)
  if (item.kind === "object" && tx.outbox.hasObject(keyHash(item.collection, item.key))) {
    counts.accepted--
    return null
  }
  counts.refused++
  const id = put(tx, {
    kind: "item",
    collection: item.collection,
    key: item.key,
    reason,
    at: tx.now,
    body: itemOf(item) as unknown as JsonValue,
    run,
  })
  if (item.kind === "object") tx.state.quarantinedObjects[keyHash(item.collection, item.key)] = id
  countQuarantined(tx, item.collection, run)
  return id
}

/** A record read again in an overlap is not kept twice. */
export function quarantineRecords(
  tx: Transaction,
  rejects: readonly Reject[],
  run: Run,
  window: number,
  announcedAt: number,
): void {
  for (const { collection, key, reason, record } of rejects) {
    const hash = keyHash(`!${collection}`, `${key}\n${hash64(reason)}`)
    if (tx.seen.get(hash)) continue
    const feeds = feedsOf(tx, collection)?.names
    tx.seen.put(hash, "live", {
      version: announcedAt,
      content: "",
      announcedAt,
      window,
      by: "live",
      ...(feeds && { feeds }),
    })
    put(tx, { kind: "record", collection, key, reason, at: tx.now, body: record, run: run.id })
    countQuarantined(tx, collection, run.id)
  }
}

/** A record that the partner never showed: its place is kept in its stead. */
export function quarantinePlace(
  tx: Transaction,
  collection: string,
  key: string,
  reason: string,
  body: JsonValue,
  run: string,
): void {
  put(tx, { kind: "skipped", collection, key, reason, at: tx.now, body, run })
  countQuarantined(tx, collection, run)
}

/** A newer state of an object whose state was refused makes the refused one pointless. */
export function replaceQuarantined(
  tx: Transaction,
  items: readonly Pick<OutboxItem, "collection" | "kind" | "key">[],
): void {
  for (const { collection, kind, key } of items) {
    if (kind !== "object") continue
    const hash = keyHash(collection, key)
    const id = tx.state.quarantinedObjects[hash]
    if (id !== undefined) giveUpEntry(tx, id, collection, hash)
  }
}

/** Gives an entry up for good. False: there is none. */
export function discard(tx: Transaction, id: number): boolean {
  const [entry] = readEntries(tx, [id])
  if (entry) giveUpEntry(tx, id, entry.collection, keyHash(entry.collection, entry.key), entry.kind)
  return entry !== undefined
}

/** Items go back to the end of the outbox's line; an object's newer state would have replaced them, so none is older than sent. */
export function backToOutbox(tx: Transaction, ids: readonly number[], attempts = 0): number {
  const entries = readEntries(tx, ids).filter((entry) => entry.kind === "item" && isWhole(entry))
  for (const entry of entries) {
    drop(tx, entry.id, entry.collection, keyHash(entry.collection, entry.key))
    totals(tx, entry.collection).refused--
    const run = findRun(tx.state, entry.run)
    if (run) countsOf(run, entry.collection).quarantined--
    const item = encodedHere(tx, renamedItem(entry.body as unknown as Item))
    const rows = toRows([item], entry.run, tx.state.ids.outbox++, attempts)
    for (const row of rows) tx.outbox.insert(row)
  }
  return entries.length
}

export function readEntries(tx: Transaction, ids: readonly number[]): (QuarantineEntry & { run: string })[] {
  const staged = tx.staged.quarantinePut.filter((row) => ids.includes(row.id))
  const stored = tx.stored.quarantineByIds(ids).filter((row) => !tx.staged.quarantineRemove.includes(row.id))
  return [...stored, ...staged].map((row) => ({ id: row.id, ...(JSON.parse(row.body) as Stored) }))
}

function put(tx: Transaction, entry: Stored): number {
  const id = ++tx.state.ids.quarantine
  const reason = entry.reason.slice(0, ENTRY_REASON_CHARS_MAX)
  tx.staged.quarantinePut.push({ id, body: JSON.stringify({ ...entry, reason, body: bounded(entry.body) }) })
  return id
}

/** An item given up is no longer counted as accepted: what is delivered stays what the others make up. */
function giveUpEntry(
  tx: Transaction,
  id: number,
  collection: string,
  hash: string,
  kind: QuarantineEntry["kind"] = "item",
): void {
  drop(tx, id, collection, hash)
  if (kind !== "item") return
  const counts = totals(tx, collection)
  counts.accepted--
  counts.refused--
}

function drop(tx: Transaction, id: number, collection: string, hash: string): void {
  tx.staged.quarantineRemove.push(id)
  tx.staged.quarantinePut = tx.staged.quarantinePut.filter((row) => row.id !== id)
  if (tx.state.quarantinedObjects[hash] === id) delete tx.state.quarantinedObjects[hash]
  const counts = tx.state.counts[collection]
  if (counts) counts.quarantined--
}

function countQuarantined(tx: Transaction, collection: string, run: string): void {
  totals(tx, collection).quarantined++
  const current = findRun(tx.state, run)
  if (current) countsOf(current, collection).quarantined++
}

export function totals(tx: Transaction, collection: string) {
  tx.state.counts[collection] ??= { accepted: 0, dropped: 0, late: 0, quarantined: 0, refused: 0, lastItemAt: null }
  return tx.state.counts[collection]
}
