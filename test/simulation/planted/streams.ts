/** Several lists at once, several streams at once. */
import { type Mutant, SHOPIFY } from "./mutant.ts"

export const STREAMS: readonly Mutant[] = [
  {
    name: "abandoned checkouts are taken to come in the order of their changes",
    file: "connectors/shopify/documents.ts",
    from: 'sortKey: "CREATED_AT", isOrdered: false }',
    to: 'sortKey: "CREATED_AT", isOrdered: true }',
    at: SHOPIFY,
  },
  {
    name: "what changed is searched by when it was created",
    file: "connectors/shopify/documents.ts",
    from: 'field: "updatedAt", filter: "updated_at", isOrdered: true }',
    to: 'field: "updatedAt", filter: "created_at", isOrdered: true }',
    at: SHOPIFY,
  },
  {
    name: "a list that ends takes the next pages of the others along",
    file: "connectors/shopify/pages.ts",
    from: "reads.flatMap(({ asked, next }) => (next ? ",
    to: "reads.flatMap(({ asked, next }) => (next && reads.every((one) => one.next) ? ",
    at: SHOPIFY,
  },
  {
    name: "a limit that is told with 200 is taken for a fault",
    file: "connectors/shopify/answers.ts",
    from: 'return { kind: "limited", retryAfterMs: Math.max(restMs(answer), BACKOFF_MS) }',
    to: 'return { kind: "fault", message: String(restMs(answer) + BACKOFF_MS) }',
    at: SHOPIFY,
  },
  {
    name: "what is left of an order is forgotten with its page",
    file: "connectors/shopify/pages.ts",
    from: "const rest = partsLeft(all, ctx.collections)",
    to: "const rest = partsLeft(all.slice(1), ctx.collections)",
    at: SHOPIFY,
  },
  {
    name: "a record that moved while pages were read counts as read",
    file: "source/live.ts",
    from: "live.movedFrom = moved ? Math.max(",
    to: "live.movedFrom = moved && slice.page < 0 ? Math.max(",
    at: SHOPIFY,
  },
  {
    name: "records that move are awaited for ever",
    file: "source/live.ts",
    from: "Math.max(live.movedFrom ?? from, Math.min(from, live.cursor - MOVED_MAX_MS))",
    to: "live.movedFrom ?? from",
    at: SHOPIFY,
  },
  {
    name: "of several windows running that a record may have moved out of, only the last is remembered",
    file: "source/live.ts",
    from: "Math.max(live.movedFrom ?? from, Math.min(from, live.cursor - MOVED_MAX_MS))",
    to: "Math.max(live.movedFrom ?? from, from)",
    at: SHOPIFY,
  },
  {
    name: "live reading begins no earlier than the source",
    file: "source/control.ts",
    from: "- 1000 * (stream.startsBackSeconds ?? 0)",
    to: "- 0 * (stream.startsBackSeconds ?? 0)",
    at: SHOPIFY,
  },
  {
    name: "a fact that came true after a pass is forgotten with the pass",
    file: "source/admit.ts",
    from: 'return range && item.time < range.to && item.collection !== ALIAS ? "pass" : "live"',
    to: 'return range && item.collection !== ALIAS ? "pass" : "live"',
    at: SHOPIFY,
  },
  {
    name: "a collection that may be read again is not read for the time between",
    file: "source/notes.ts",
    from: "  for (const name of regained) switchOn(turn, name)\n",
    to: "  for (const name of regained) delete turn.state.offAt[name]\n  void switchOn\n",
    at: SHOPIFY,
  },
  {
    name: "what failed is tried again at once",
    file: "source/failure.ts",
    from: "slice.notBefore = turn.now + backoffMs(",
    to: "slice.notBefore = turn.now + 0 * backoffMs(",
  },
  {
    name: "what may be read again is still said to be denied",
    file: "source/notes.ts",
    from: "if (!isHistoryDenied(turn, name)) delete turn.state.denied[name]",
    to: "if (isHistoryDenied(turn, name)) delete turn.state.denied[name]",
  },
]
