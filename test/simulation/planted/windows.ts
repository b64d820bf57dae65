/** Windows and cursors: what live reading and backfills read. */
import type { Mutant } from "./mutant.ts"

export const WINDOWS: readonly Mutant[] = [
  {
    name: "the watermark's own instant is left out by live reading",
    file: "source/dedupe/dedupe.ts",
    from: "return item.time >= (reading.liveFrom[item.collection] ?? 0)",
    to: "return item.time > (reading.liveFrom[item.collection] ?? 0)",
  },
  {
    name: "the cursor moves with each page of a newest-first window",
    file: "source/reading/checkpoint.ts",
    from: "  slice.pageToken = next\n  slice.digest = digest ?? null\n",
    to: `  const live = tx.state.live[slice.stream]
  if (live && slice.lane === "live") {
    live.cursor = Math.max(live.cursor, slice.bound ?? 0)
    slice.bottom = live.cursor - 600_000
    slice.window = { ...slice.window, from: slice.bottom }
  }
  slice.pageToken = next
  slice.digest = digest ?? null
`,
  },
  {
    name: "a run that fails gives its window up",
    file: "source/reading/ending.ts",
    from: '  if (slice.lane === "live") leaveToLists(tx, slice, trouble === "outage")\n',
    to: `  if (slice.lane === "live") leaveToLists(tx, slice, trouble === "outage")
  const live = slice.lane === "live" ? tx.state.live[slice.stream] : undefined
  if (live) assign(live, { slice: null, cursor: Math.max(live.cursor, tx.now + tx.state.clock.skewMs) })
`,
  },
  {
    name: "the window's upper bound is not fixed by its first page",
    file: "source/reading/live.ts",
    from: "slice.bound ?? live.cursor)\n",
    to: "partnerNow(tx) + 0 * (slice.bound ?? 0))\n",
  },
  {
    name: "the lookback is dropped",
    file: "source/reading/live.ts",
    from: "const from = live.cursor - 1000 * stream.lookbackSeconds",
    to: "const from = live.cursor - 0 * stream.lookbackSeconds",
  },
  {
    name: "the watermark is stored as the cursor when nothing was found",
    file: "source/reading/live.ts",
    from: "live.cursor = Math.max(live.cursor, end)",
    to: "live.cursor = slice.records > 0 ? Math.max(live.cursor, end) : (slice.window.from ?? end)",
  },
  {
    name: "a refused token restarts below the boundary second",
    file: "source/reading/settlement.ts",
    from: "to: edge + 1 }",
    to: "to: edge }",
  },
  {
    name: "a refused token ends the window",
    file: "source/reading/settlement.ts",
    from: "  slice.probe = null\n  slice.page++\n  slice.attempts++\n",
    to: '  slice.probe = null\n  slice.page++\n  slice.attempts++\n  slice.state = slice.lane === "backfill" ? "read" : slice.state\n',
  },
  {
    name: "the gap beyond the feed's reach is ignored",
    file: "source/reading/live.ts",
    from: ">= reached + margin) return false\n",
    to: ">= reached + margin || margin > 0) return false\n",
  },
  {
    name: "a page that is too large is asked for again as it is",
    file: "source/reading/settlement.ts",
    from: "Math.floor(slice.pageSize / 2)",
    to: "slice.pageSize",
  },
  {
    name: "a token that was refused is sent again",
    file: "source/reading/settlement.ts",
    from: "    retry(tx, slice, reason)\n    return\n  }\n  slice.pageToken = null\n",
    to: "    retry(tx, slice, reason)\n    return\n  }\n",
  },
  {
    name: "a window that the feed has forgotten is read on",
    file: "source/reading/live.ts",
    from: "if (!live || stream?.retentionDays === undefined || chosen",
    to: "if (slice.page > 0 || !live || stream?.retentionDays === undefined || chosen",
  },
  {
    name: "a feed is given up for lost by our own clock, before the partner has answered",
    file: "source/reading/checkpoint.ts",
    from: "  const refusal = dateRefusal(tx, slice, run, page)\n",
    to: '  if (slice.lane === "live" && leaveLost(tx, slice)) return { kind: "stop", reason: "" }\n  const refusal = dateRefusal(tx, slice, run, page)\n',
  },
  {
    name: "a window that was cut while our clock was ahead ends in the future",
    file: "source/reading/live.ts",
    from: "const end = Math.min(slice.top ?? Number.POSITIVE_INFINITY, slice.bound ?? live.cursor)",
    to: "const end = slice.top ?? slice.bound ?? live.cursor",
  },
  {
    name: "after a gap live reading goes on from the end of it",
    file: "source/reading/live.ts",
    from: "live.cursor = 1000 * Math.floor(cursor / 1000)",
    to: "live.cursor = partnerNow(tx) + 0 * cursor",
  },
]
