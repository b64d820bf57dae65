/**
 * What everything about a source is bounded by, held at every commit. The numbers are the simulator's own: what is shipped may be
 * stricter, and must not be laxer.
 */
import type { Changes } from "../../src/source/state/changes.ts"
import type { State } from "../../src/source/state/state.ts"
import type { Disk } from "./disk.ts"
import { Violation } from "./story.ts"

/** A source's account in a simulation is small: what grows past this grows with time, not with the account. */
const CORE_CHARS_MAX = 120_000
/** History: the last hundred runs, and those under way. */
const RUNS_MAX = 100
const RUNS_UNDER_WAY_MAX = 110
/** Of live runs and of backfills. */
const RUN_ROWS_MAX = 210
/** Passes that wait or are being read: one for each thing a user may ask for, not one for each time she asks. */
const BACKFILLS_MAX = 24
const SLICES_MAX = 120
/** Beside the live streams: before the partner's answers have been measured, and once they have. */
const UNMEASURED_AT_ONCE_MAX = 3
const LISTS_AT_ONCE_MAX = 8
const SPANS_MAX = 24
const COMPLETED_MAX = 600
/** Items that wait for the destination, and what the pages under way may add after reading was told to stop. */
const OUTBOX_ITEMS_MAX = 6_400 + 1_200
const OUTBOX_BYTES_MAX = 64_000_000 + 32_000_000
const ROW_ITEMS_MAX = 50
const ROW_BYTES_MAX = 1_000_000
/** Of one collection, and what one page may add. */
const QUARANTINE_MAX = 1_000 + 1_200
const ENTRY_CHARS_MAX = 300_000
const SEEN_ROWS_MAX = 150
/** A thousand keys and a page's, or the million bits of what was forgotten. */
const SEEN_ROW_BYTES_MAX = 150_000
/** A simulated account has some thousand facts and objects; each may be noted anew by several readings. */
const KEYS_MAX = 60_000
const KEY_BYTES = 37
const PENDING_ROWS_MAX = 100
const SINGLES_REFUSED_MAX = 20
/** Rows of a claim, which may be reported as delivered after they were given up: forgotten with the next claim. */
const SETTLED_MEANWHILE_MAX = 60
const WAKES_MAX = 3
/** A backfill, or a live window, that never gets anywhere may not wake everybody for ever. */
const ALARMS_MAX = 240
const ALARMS_WITHIN_MS = 600_000

/** The longest that a partner may have us wait is a day, and a little. Sources sync once a day at least. */
const AHEAD_MAX_MS = 2 * 86_400_000
/** Lives of tokens, set by others; and bounds of what was to be read, set while our clock stood ahead: they end where it was read. */
const NOT_OURS = /^(tokens|window|top|range|overlap|offAt|backfillSpans|liveFrom|alarmAt|probe|places|place)$/

/** No time that is kept lies so far ahead that a source would stand still until then. */
export function assertWithinReach(state: State, now: number): void {
  const walk = (value: unknown, path: string): void => {
    if (typeof value === "number" && value > now + AHEAD_MAX_MS && value < 100 * now)
      throw new Violation(`no bound is kept: ${path} lies ${Math.round((value - now) / 86_400_000)} days ahead`)
    if (typeof value !== "object" || value === null) return
    for (const [key, one] of Object.entries(value)) if (!NOT_OURS.test(key)) walk(one, `${path}.${key}`)
  }
  walk(state, "state")
}

/** `wasSetBack`: leases that had lapsed by a clock that stood ahead are held once more, though nobody is at work. */
export function assertBounded(state: State, disk: Disk, changes: Changes, now: number, wasSetBack: boolean): void {
  const most = (what: string, is: number, bound: number) => {
    if (is > bound) throw new Violation(`no bound is kept: ${what}: ${is}, where ${bound} is the most`)
  }
  most("characters of the core row", disk.core?.length ?? 0, CORE_CHARS_MAX)
  most("short runs", state.idle.length, RUNS_MAX)
  most("runs under way", state.others.length, RUNS_UNDER_WAY_MAX)
  most("passes", state.backfills.length, BACKFILLS_MAX)
  let slices = 0
  for (const backfill of state.backfills) slices += backfill.slices.length
  most("slices of backfills", slices, SLICES_MAX)
  if (!wasSetBack) most("lists read at once", leasedLists(state, now), mostAtOnce(state))
  for (const spans of Object.values(state.backfillSpans)) most("spans of a collection", spans.length, SPANS_MAX)
  for (const { completed } of Object.values(state.live)) most("completed records", completed.length, COMPLETED_MAX)
  most("single items refused in a row", state.delivery.refused.length, SINGLES_REFUSED_MAX)
  most("rows that may have been taken", state.delivery.unsure.length, disk.outbox.size + SETTLED_MEANWHILE_MAX)
  most("wake-ups", Object.keys(state.wakes).length, WAKES_MAX)
  most("rows of history", disk.tables.runs.size, RUN_ROWS_MAX)
  most("rows of seen", disk.tables.seen.size, SEEN_ROWS_MAX)
  for (const { body } of changes.seen.put) most("bytes of a row of seen", body.byteLength, SEEN_ROW_BYTES_MAX)
  if (changes.seen.put.length > 0) most("bytes of seen", bytesOfSeen(disk), KEYS_MAX * KEY_BYTES)
  most("rows of pending keys", disk.tables.pending.size, PENDING_ROWS_MAX)
  const collections = Math.max(1, Object.keys(state.counts).length)
  most("quarantine", disk.tables.quarantine.size, QUARANTINE_MAX * collections)
  for (const { body } of changes.quarantine.put) most("characters of an entry", body.length, ENTRY_CHARS_MAX)
  most("refused objects", Object.keys(state.quarantinedObjects).length, disk.tables.quarantine.size)
  for (const row of changes.outbox.insert) {
    most("items of a row", row.items, ROW_ITEMS_MAX)
    most("bytes of a row", row.bytes, ROW_BYTES_MAX)
  }
  if (changes.outbox.insert.length > 0) outboxBounds(disk, most)
  if (changes.outbox.remove.length > 0) bundleBounds(disk, most)
}

function bytesOfSeen(disk: Disk): number {
  let sum = 0
  for (const body of disk.tables.seen.values()) sum += typeof body === "string" ? body.length : body.byteLength
  return sum
}

function mostAtOnce({ answerMs }: State): number {
  return answerMs === null ? UNMEASURED_AT_ONCE_MAX : LISTS_AT_ONCE_MAX
}

function leasedLists({ backfills }: State, now: number): number {
  let leased = 0
  for (const { slices } of backfills) for (const { lease } of slices) if (lease && lease.until > now) leased++
  return leased
}

function outboxBounds(disk: Disk, most: (what: string, is: number, bound: number) => void): void {
  let items = 0
  let bytes = 0
  for (const row of disk.outbox.values()) {
    items += row.items
    bytes += row.bytes
  }
  most("items in the outbox", items, OUTBOX_ITEMS_MAX)
  most("bytes in the outbox", bytes, OUTBOX_BYTES_MAX)
}

/** A bundle goes with its last row. */
function bundleBounds(disk: Disk, most: (what: string, is: number, bound: number) => void): void {
  let rows = 0
  for (const { metas } of disk.bundles.values()) {
    const left = (JSON.parse(metas) as unknown[]).length
    most("bundles without a row", left === 0 ? 1 : 0, 0)
    rows += left
  }
  most("rows in bundles", rows, disk.outbox.size)
}

/** How often the alarm rings. */
export function createAlarmBound(now: () => number): { rang(): void } {
  let times: number[] = []
  return {
    rang() {
      times.push(now())
      if (times.length <= ALARMS_MAX) return
      times = times.filter((at) => at > now() - ALARMS_WITHIN_MS)
      if (times.length > ALARMS_MAX) throw new Violation(`the alarm rang ${times.length} times within ten minutes`)
    },
  }
}
