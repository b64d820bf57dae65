/** Long lists that are cut into parts. */
import type { Mutant } from "./mutant.ts"

export const PARTS: readonly Mutant[] = [
  {
    name: "the last second before a cut is lost between the parts",
    file: "source/reading/parts.ts",
    from: "window: { from: slice.window.from, to: at },",
    to: "window: { from: slice.window.from, to: at - 1_000 },",
  },
  {
    name: "the part above a cut reads on below it",
    file: "source/reading/parts.ts",
    from: "window: { ...slice.window, from: at }, bottom: at, isPart: true",
    to: "bottom: at, isPart: true",
  },
  {
    name: "the lowest part of a list that is open below ends a month below the cut",
    file: "source/reading/parts.ts",
    from: "window: { from: slice.window.from, to: at },",
    to: "window: { from: slice.window.from ?? at - 30 * 86_400_000, to: at },",
  },
  {
    name: "with a part that was read its neighbours are taken out",
    file: "source/reading/parts.ts",
    from: "backfill.slices = backfill.slices.filter((one) => one !== slice)",
    to: "backfill.slices = backfill.slices.filter((one) => !one.isPart)",
  },
  {
    name: "of several parts the oldest is handed out first",
    file: "source/reading/parts.ts",
    from: "(other.top ?? 0) - (one.top ?? 0)",
    to: "(one.top ?? 0) - (other.top ?? 0)",
  },
  {
    name: "when one part of a list is denied, the others go on",
    file: "source/reading/ending.ts",
    from: 'if (part !== slice && part.state !== "reading" && part.state !== "failed") continue',
    to: "if (part !== slice) continue",
    survives: "Hardly ever is a list denied while it is read in parts; tables show it.",
  },
  {
    name: "a part is taken out before what the feed forgot of it is noted",
    file: "source/reading/finish.ts",
    from: "  noteReach(tx, slice, run, asked)\n  takeOut(tx, slice)\n",
    to: "  takeOut(tx, slice)\n  if (!slice.isPart) noteReach(tx, slice, run, asked)\n",
    survives:
      "A feed that is read as a list is seldom cut, and never yet where it had forgotten something; tables show it.",
  },
  {
    name: "a part goes on from where its neighbour's page ended",
    file: "source/reading/parts.ts",
    from: "    bottom: slice.bottom,\n",
    to: "    bottom: slice.bottom,\n    pageToken: slice.pageToken,\n",
  },
  {
    name: "a start date that is moved forward makes a part whole again",
    file: "source/backfill/backfill.ts",
    from: "const isBegun = slice.page > 0 || slice.isPart",
    to: "const isBegun = slice.page > 0",
    survives: "Hardly ever does a start date move in the seconds in which parts are read; tables show it.",
  },
  {
    name: "a consumer has as many requests under way as slices are ready",
    file: "pipeline/consume.ts",
    from: "Math.max(0, READERS_AT_ONCE - sources.size)",
    to: "Number.POSITIVE_INFINITY",
  },
  {
    name: "the page that is asked for ahead is the same one again",
    file: "pipeline/leased-slice.ts",
    from: "{ ...pageContext(slice), pageToken: next }",
    to: "pageContext(slice)",
  },
  {
    name: "what was asked for ahead is taken for the page after it, too",
    file: "pipeline/page.ts",
    from: "  slice.ahead = null\n  const fetched",
    to: "  const fetched",
  },
  {
    name: "a list that is cut at the range's begin is not read below it",
    file: "source/reading/cut.ts",
    from: "  if (at > 0 && at < downTo(slice.edge.time, granularityMs)) cutAt(tx, backfill, slice, at)\n",
    to: "  if (at > 0 && at < downTo(slice.edge.time, granularityMs)) Object.assign(slice, { window: { ...slice.window, from: at }, bottom: at })\n",
  },
  {
    name: "a page that was kept is lost where the next one fails",
    file: "pipeline/fetch.ts",
    from: "  const saved = await saveKept(consumer, slice)\n  return saved.kind",
    to: '  const saved = { kind: "go" as string, end: "stop" as const }\n  return saved.kind',
  },
  {
    name: "of two pages that come at once only the second is saved",
    file: "source/reading/checkpoint.ts",
    from: "page.before && savePage(tx, slice, { ...page.before, isFollowed: true })",
    to: "page.before && ((slice.page = page.page), null)",
  },
  {
    name: "two pages that are sent again are saved again",
    file: "source/reading/checkpoint.ts",
    from: "  if (page.page === slice.page - 1) return goOn(tx, slice, slice.lease.until)\n",
    to: "  if (page.before && page.page === slice.page - 1) slice.page -= 2\n  else if (page.page === slice.page - 1) return goOn(tx, slice, slice.lease.until)\n",
    survives: "What is saved again is known: nothing differs but counts.",
  },
]
