/** Quarantine: what could not be normalized or was refused for good, kept with the reason until replayed, replaced or discarded. */
import type { Item, JsonValue, Reject } from "../../connectors/kit/item.ts"
import { hash64 } from "../../lib/hash.ts"
import { keyHash } from "../dedupe/keys.ts"
import { bounded, isWhole } from "../protocol/entry.ts"
import type { QuarantineEntry } from "../protocol/views.ts"
import { feedsOf } from "../reading/slice.ts"
import { countsOf, findRun } from "../runs/run.ts"
import type { Run } from "../state/state.ts"
import type { Turn } from "../turn.ts"
import { toRows } from "./outbox.ts"

/** Past this many of one collection, the streams that feed it stop: the fault is not a single record's. */
export const QUARANTINE_MAX = 1_000
/** A reason is a sentence; a longer one quotes what is kept beside it. */
const REASON_CHARS_MAX = 500
interface Stored extends Omit<QuarantineEntry, "id"> {
  run: string
}

/** Answers the entry's id, or null where a newer state of the object is already on its way: the refused one is pointless then. */
export function quarantineItem(turn: Turn, item: Item, reason: string, run: string): number | null {
  const counts = totals(turn, item.collection)
  if (item.kind === "object" && turn.outbox.hasObject(keyHash(item.collection, item.key))) {
    counts.taken--
    return null
  }
  counts.refused++
  const id = put(turn, {
    kind: "item",
    collection: item.collection,
    key: item.key,
    reason,
    at: turn.now,
    body: item as unknown as JsonValue,
    run,
  })
  if (item.kind === "object") turn.state.quarantinedObjects[keyHash(item.collection, item.key)] = id
  countQuarantined(turn, item.collection, run)
  return id
}

/** A record read again in an overlap is not kept twice. */
export function quarantineRecords(
  turn: Turn,
  rejects: readonly Reject[],
  run: Run,
  window: number,
  place: number,
): void {
  for (const { collection, key, reason, record } of rejects) {
    const hash = keyHash(`!${collection}`, `${key}\n${hash64(reason)}`)
    if (turn.seen.get(hash)) continue
    const feeds = feedsOf(turn, collection)?.names
    turn.seen.put(hash, "live", { version: place, content: "", place, window, by: "live", ...(feeds && { feeds }) })
    put(turn, { kind: "record", collection, key, reason, at: turn.now, body: record, run: run.id })
    countQuarantined(turn, collection, run.id)
  }
}

/** A record that the partner never showed: its place is kept in its stead. */
export function quarantinePlace(
  turn: Turn,
  collection: string,
  key: string,
  reason: string,
  body: JsonValue,
  run: string,
): void {
  put(turn, { kind: "skipped", collection, key, reason, at: turn.now, body, run })
  countQuarantined(turn, collection, run)
}

/** A newer state of an object whose state was refused makes the refused one pointless. */
export function replaceQuarantined(turn: Turn, items: readonly Item[]): void {
  for (const item of items) {
    const hash = keyHash(item.collection, item.key)
    const id = item.kind === "object" ? turn.state.quarantinedObjects[hash] : undefined
    if (id !== undefined) giveUpEntry(turn, id, item.collection, hash)
  }
}

/** Gives an entry up for good. False: there is none. */
export function discard(turn: Turn, id: number): boolean {
  const [entry] = readEntries(turn, [id])
  if (entry) giveUpEntry(turn, id, entry.collection, keyHash(entry.collection, entry.key), entry.kind)
  return entry !== undefined
}

/** Items go back to the end of the outbox's line; an object's newer state would have replaced them, so none is older than sent. */
export function backToOutbox(turn: Turn, ids: readonly number[], attempts = 0): number {
  const entries = readEntries(turn, ids).filter((entry) => entry.kind === "item" && isWhole(entry))
  for (const entry of entries) {
    drop(turn, entry.id, entry.collection, keyHash(entry.collection, entry.key))
    totals(turn, entry.collection).refused--
    const run = findRun(turn.state, entry.run)
    if (run) countsOf(run, entry.collection).quarantined--
    const rows = toRows([entry.body as unknown as Item], entry.run, turn.state.ids.outbox++, attempts)
    for (const row of rows) turn.outbox.insert(row)
  }
  return entries.length
}

export function readEntries(turn: Turn, ids: readonly number[]): (QuarantineEntry & { run: string })[] {
  const staged = turn.staged.quarantinePut.filter((row) => ids.includes(row.id))
  const stored = turn.stored.quarantineByIds(ids).filter((row) => !turn.staged.quarantineRemove.includes(row.id))
  return [...stored, ...staged].map((row) => ({ id: row.id, ...(JSON.parse(row.body) as Stored) }))
}

function put(turn: Turn, entry: Stored): number {
  const id = ++turn.state.ids.quarantine
  const reason = entry.reason.slice(0, REASON_CHARS_MAX)
  turn.staged.quarantinePut.push({ id, body: JSON.stringify({ ...entry, reason, body: bounded(entry.body) }) })
  return id
}

/** An item given up is no longer counted as taken: what is delivered stays what the others make up. */
function giveUpEntry(
  turn: Turn,
  id: number,
  collection: string,
  hash: string,
  kind: QuarantineEntry["kind"] = "item",
): void {
  drop(turn, id, collection, hash)
  if (kind !== "item") return
  const counts = totals(turn, collection)
  counts.taken--
  counts.refused--
}

function drop(turn: Turn, id: number, collection: string, hash: string): void {
  turn.staged.quarantineRemove.push(id)
  turn.staged.quarantinePut = turn.staged.quarantinePut.filter((row) => row.id !== id)
  if (turn.state.quarantinedObjects[hash] === id) delete turn.state.quarantinedObjects[hash]
  const counts = turn.state.counts[collection]
  if (counts) counts.quarantined--
}

function countQuarantined(turn: Turn, collection: string, run: string): void {
  totals(turn, collection).quarantined++
  const current = findRun(turn.state, run)
  if (current) countsOf(current, collection).quarantined++
}

export function totals(turn: Turn, collection: string) {
  turn.state.counts[collection] ??= { taken: 0, dropped: 0, late: 0, quarantined: 0, refused: 0, lastItemAt: null }
  return turn.state.counts[collection]
}
