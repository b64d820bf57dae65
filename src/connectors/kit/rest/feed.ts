/** A feed of events, each with the object as it was then: one call tells whatever is new. */
import type { Stream } from "../define.ts"
import { at, text } from "../values.ts"
import { collectionsIn, type Frame, type List, type Live, pageOf, requestFor, tellAll, tellingOf } from "./resource.ts"
import type { Tells } from "./tells.ts"

export interface EventFeed extends List {
  title: string
  /** Dotted path of an event's type. */
  type: string
  /** Dotted path of the object that it is about. */
  object: string
  live: Omit<Live, "isShownAgain">
  /** By type, what its object tells. Others are passed over. */
  tells: Readonly<Record<string, readonly Tells[]>>
}

export function feedStream(feed: EventFeed, frame: Frame): Stream<unknown> {
  const { live } = feed
  const told = Object.values(feed.tells).flat()
  return {
    name: "events",
    title: feed.title,
    mode: "live",
    collections: collectionsIn(told),
    pageSize: feed.pageSize,
    ...(live.order !== "newest" && { order: live.order }),
    ...(feed.bucket !== undefined && { bucket: feed.bucket }),
    ...(live.lower === "none" && { unbounded: true as const }),
    lookbackSeconds: Math.max(300, 2 * live.lagSeconds),
    ...(live.keptDays !== undefined && { retentionDays: live.keptDays }),
    request: (ctx) => requestFor(feed, live, frame, ctx),
    page: (answer, ctx) => pageOf(feed, live, frame, answer, ctx),
    normalize: ({ body }, ctx) =>
      tellAll(
        feed.tells[text(body, feed.type) ?? ""] ?? [],
        at(body, feed.object) ?? null,
        tellingOf(frame, ctx, false),
      ),
  }
}
