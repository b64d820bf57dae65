/** Names that what is stored had before schema 3: read under them, kept on under those of now. Values stay as they are. */
import type { Item } from "../../connectors/kit/item.ts"
import type { Bookmark } from "../protocol/bookmark.ts"
import type { Run } from "./state.ts"

/** The first schema that writes the names of now. */
export const RENAMED_SCHEMA = 3

type Json = Record<string, unknown>
type Names = Readonly<Record<string, string>>

const STATE: Names = { passes: "backfills", passSpans: "backfillSpans", grants: "leases" }
const IDS: Names = { pass: "backfill", open: "pending" }
const BOOKMARK: Names = { passes: "backfills", passSpans: "backfillSpans", open: "pending" }
const SLICE: Names = { token: "pageToken" }
const RUN: Names = { untold: "incomplete" }
const COUNTS: Names = { taken: "accepted" }
const ITEM: Names = { place: "announcedAt" }

function renamed(value: object, names: Names): Json {
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [names[name] ?? name, one]))
}

function eachRenamed(values: unknown, names: Names): Json {
  const entries = Object.entries((values ?? {}) as Record<string, object>)
  return Object.fromEntries(entries.map(([name, one]) => [name, renamed(one, names)]))
}

/** The core row of a source that lives. */
export function renamedState(stored: object): Json {
  const state = renamed(stored, STATE)
  const live = Object.entries(state.live as Record<string, { slice: object | null }>)
  const backfills = state.backfills as { slices: object[] }[]
  return {
    ...state,
    ids: renamed(state.ids as object, IDS),
    live: Object.fromEntries(
      live.map(([name, one]) => [name, { ...one, slice: one.slice && renamed(one.slice, SLICE) }]),
    ),
    backfills: backfills.map((one) => ({ ...one, slices: one.slices.map((slice) => renamed(slice, SLICE)) })),
    counts: eachRenamed(state.counts, COUNTS),
  }
}

/** A run, in the core row or in history. */
export function renamedRun<R extends Partial<Run>>(stored: R): R {
  if (!("untold" in stored)) return stored
  return { ...renamed(stored, RUN), collections: eachRenamed(stored.collections, COUNTS) } as R
}

/** Where a deleted source stopped, as D1 and tombstones keep it. */
export function renamedBookmark(stored: Bookmark): Bookmark {
  return stored.schema < RENAMED_SCHEMA ? (renamed(stored, BOOKMARK) as unknown as Bookmark) : stored
}

/** The items of an outbox row, or the item of an entry in quarantine. */
export function renamedItem(stored: Item): Item {
  return "announcedAt" in stored ? stored : (renamed(stored, ITEM) as unknown as Item)
}
