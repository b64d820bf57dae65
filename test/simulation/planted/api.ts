/** What the API hands to the engine: configuration, deletion, creation again. */
import { MEADOW, type Mutant, SHOPIFY_TOKENS } from "./mutant.ts"

export const API: readonly Mutant[] = [
  {
    name: "a deleted source is configured anew by a late watchdog",
    file: "source/engine/engine.ts",
    from: "const isNew = this.#ports.store.core() === null",
    to: "const isNew = this.#transactions.peek() === null",
  },
  {
    name: "a bookmark stands above what the feed had shown and nobody has delivered",
    file: "source/control/bookmark.ts",
    from: "Math.min(cursor, ...lowest)",
    to: "Math.min(cursor, ...lowest.slice(0, 0))",
  },
  {
    name: "a history that had not all been delivered is not read again",
    file: "source/control/bookmark.ts",
    from: 'if (kind !== "live") unsent.history.add(item.collection)',
    to: 'if (kind === "resync") unsent.history.add(item.collection)',
  },
  {
    name: "a bookmark leaves the pending keys out",
    file: "source/control/bookmark.ts",
    from: "newest([...tx.pending.entries(), ...unsent.pending])",
    to: "newest([...unsent.open])",
  },
  {
    name: "a fact of a pending key that had not been delivered is nobody's any more",
    file: "source/control/bookmark.ts",
    from: "newest([...tx.pending.entries(), ...unsent.pending])",
    to: "newest([...tx.pending.entries()])",
    survives: "Takes a debit that settles just before its source is deleted; a table shows it.",
  },
  {
    name: "a backfill of the deleted source goes on behind the boundary",
    file: "source/control/bookmark.ts",
    from: "leftOf(slice, slice.edge.time, ",
    to: "leftOf(slice, slice.edge.time + 60_000, ",
    at: MEADOW,
  },
  {
    name: "a backfill of the deleted source begins again from its top",
    file: "source/control/bookmark.ts",
    from: "const window = slice.edge ? leftOf",
    to: "const window = slice.edge && slice.page < 0 ? leftOf",
    at: MEADOW,
  },
  {
    name: "a list in no order is gone on with below what was read last of it",
    file: "source/control/bookmark.ts",
    from: "orderOf(tx, stream))",
    to: '"newest")',
    at: MEADOW,
  },
  {
    name: "a collection that was off keeps the time of that, though it is read again from the start date",
    file: "source/control/bookmark.ts",
    from: "Object.entries(state.offAt).filter(([name]) => !history(name))",
    to: "Object.entries(state.offAt)",
    survives: "Takes a collection that is switched off while its history waits for the destination; a table shows it.",
  },
  {
    name: "what runs had brought that have ended counts as history",
    file: "source/control/bookmark.ts",
    from: "const known = [...ended, ",
    to: "const known = [...ended.slice(0, 0), ",
    at: MEADOW,
  },
  {
    name: "a bookmark is handed out once only",
    file: "source/engine/erasing.ts",
    from: "owed: (revoke && core.revoke) || null, bookmark: core.bookmark }",
    to: "owed: (revoke && core.revoke) || null, bookmark: undefined }",
  },
  {
    name: "a bookmark that is kept elsewhere stays in the tombstone",
    file: "source/engine/erasing.ts",
    from: "this.#bury({ ...(tombstone.revoke && { revoke: tombstone.revoke }) })",
    to: "this.#bury({ ...(tombstone.revoke && { revoke: tombstone.revoke }), bookmark: tombstone.bookmark })",
  },
  {
    name: "a source that goes on begins live reading anew",
    file: "source/control/bookmark.ts",
    from: "    if (live) state.live",
    to: "    if (kept && kept.cursor < 0) state.live",
  },
  {
    name: "a deleted source gives its grant back although another one reads the account",
    file: "source/engine/erasing.ts",
    from: "owed: (revoke && core.revoke) || null,",
    to: "owed: core.revoke ?? null,",
    at: SHOPIFY_TOKENS,
  },
]
