/**
 * A source that was deleted, and the one made again that goes on from its bookmark. What of the former's items may arrive a second time
 * is reckoned here from the former's last commit, item by item, and without its bookmark: what had not been reported as delivered, what
 * the live feed showed from a lookback below the first thing that had not, and what a list under way shows again.
 */

import type { AnyConnector } from "../../src/connectors/kit/define.ts"
import type { OutboxItem } from "../../src/source/protocol/encoded-item.ts"
import { itemsIn } from "../../src/source/protocol/outbox-body.ts"
import type { QuarantineEntry, RunView } from "../../src/source/protocol/views.ts"
import type { Slice } from "../../src/source/state/slices.ts"
import type { Run, State } from "../../src/source/state/state.ts"
import type { Disk } from "./disk.ts"

/** How a fact was taken in. */
export interface Told {
  /** The live feed showed it: where it stands there. A list did: null. */
  place: number | null
  slice: string
  /** Down to where the list had been read with its page; null: it is in no order. */
  edge: number | null
  /** The lowest record of the page. */
  lowest: number | null
}

/** What a deleted source had done, as far as it matters to the one that goes on. */
export interface Left {
  /** Collections of which not all history had been delivered: it is read again. */
  history: ReadonlySet<string>
  quarantine: QuarantineEntry[]
  runs: RunView[]
  ids: { run: number; backfill: number }
  mayRepeat(name: string, told: Told, now: Told): boolean
}

export function leftBy(state: State, disk: Disk, { streams }: AnyConnector, now: number): Left {
  const { run, others, idle, backfills, live } = state
  const stored = [...disk.tables.runs.values()].map((body) => JSON.parse(body) as Run)
  const known = [...stored, ...others, ...(run ? [run] : [])]
  const kinds = new Map<string, string>([
    ...idle.map(([id]): [string, string] => [id, "live"]),
    ...known.map(({ id, kind }): [string, string] => [id, kind]),
  ])
  const history = new Set<string>()
  const waiting = new Set<string>()
  const unsent: OutboxItem[] = []
  for (const row of disk.outbox.values())
    for (const item of itemsIn(row.body)) {
      waiting.add(`${item.collection}/${item.key}`)
      const kind = kinds.get(row.run)
      if (kind !== "live") history.add(item.collection)
      if (kind === "live" || kind === undefined) unsent.push(item)
    }
  const watermarks = streams.flatMap((stream) => {
    const at = live[stream.name]
    if (stream.mode !== "live" || !at) return []
    const lost = unsent.filter(({ collection }) => collection === JOINS || stream.collections.includes(collection))
    const places = lost.map(({ announcedAt, time }) =>
      stream.sortedByUpdate ? Math.min(announcedAt, time) : announcedAt,
    )
    const watermark = Math.min(at.cursor, ...places) - 1000 * stream.lookbackSeconds
    return [{ collections: stream.collections, watermark: Math.min(watermark, at.movedFrom ?? watermark) }]
  })
  const open = backfills.flatMap(({ slices }) => slices).filter(({ state: is }) => is !== "read")
  const overlaps = backfills.flatMap(({ overlap }) => overlap ?? [])
  return {
    history,
    quarantine: [...disk.tables.quarantine].map(([id, body]) => ({ ...(JSON.parse(body) as QuarantineEntry), id })),
    runs: known.map((one) => ({
      ...{ ...one, progress: null, waits: null },
      ...(one.endedAt === null && { state: "partial" as const, endedAt: now }),
    })),
    ids: state.ids,
    mayRepeat(name, told, again) {
      const collection = name.slice(0, name.indexOf("/"))
      if (waiting.has(name)) return true
      if (again.place === null && history.has(collection)) return true
      if (told.place !== null) return isShownAgain(collection, told.place)
      // A collection that was switched off since has a part of its own, called after the whole.
      const isOf = ({ id }: Slice) => id === told.slice || id.startsWith(`${told.slice}:`)
      return again.place === null && open.some((slice) => isOf(slice) && isReadAgain(slice, told))
    },
  }

  /** The last that was read of a list, or all of one that comes in no order. */
  function isReadAgain({ stream: name, edge }: Slice, told: Told): boolean {
    const stream = streams.find((one) => one.name === name)
    if (stream?.scroll === true || stream?.order === "none" || (edge?.time ?? null) === told.edge) return true
    return edge !== null && told.lowest !== null && stream?.order !== "oldest" && told.lowest <= edge.time
  }

  /** By the feed, or by a list that is read for what the feed could not tell. */
  function isShownAgain(collection: string, place: number): boolean {
    // What it may show later still was known by its key.
    const isAhead = place > now + state.clock.skewMs + AHEAD_LEAST_MS
    if (
      !isAhead &&
      watermarks.some(({ collections, watermark }) => collections.includes(collection) && place >= watermark)
    )
      return true
    // A collection that was off is read again from where live reading of it had stopped: the lookback of that time.
    const off = state.offAt[collection]
    return [...overlaps, ...(off ? [off] : [])].some(({ from, to }) => from <= place && place <= to)
  }
}

const JOINS = "alias"
/** No answer shows so much more than what the partner's clock says, however far off ours is. */
const AHEAD_LEAST_MS = 86_400_000
