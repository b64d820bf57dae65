/** From the outbox to the destination, and the quarantine. */
import type { Mutant } from "./mutant.ts"

export const DELIVERY: readonly Mutant[] = [
  {
    name: "a POST without an answer counts as delivered",
    file: "source/delivery.ts",
    from: "if (mayBeTaken(status)) delivery.unsure.push(...rows)",
    to: "if (mayBeTaken(status)) for (const id of rows) turn.outbox.remove(id)",
  },
  {
    name: "rows whose POST had no answer are not counted as possibly repeated",
    file: "source/delivery.ts",
    from: "if (mayBeTaken(status)) delivery.unsure.push(...rows)",
    to: "void mayBeTaken(status)",
  },
  {
    name: "a row is removed when it is claimed",
    file: "source/delivery.ts",
    from: "  noteRepeats(turn, rows)\n  state.claim",
    to: "  noteRepeats(turn, rows)\n  for (const row of rows) if (row.items === 1) outbox.remove(row.id)\n  state.claim",
  },
  {
    name: "halving loses an item",
    file: "source/outbox.ts",
    from: "...rowsOf(items.slice(middle), row.id + middle)]",
    to: "...rowsOf(items.slice(middle + 1), row.id + middle)]",
  },
  {
    name: "the right half goes to another place in line",
    file: "source/outbox.ts",
    from: "...rowsOf(items.slice(middle), row.id + middle)]",
    to: "...rowsOf(items.slice(middle), row.id + items.length)]",
  },
  {
    name: "an object's newer state overtakes a row that is held back",
    file: "source/outbox.ts",
    from: "row.notBefore <= now && !objects.some((hash) => blocked.has(hash))",
    to: 'row.notBefore <= now && !objects.some((hash) => hash === "")',
  },
  {
    name: "everything refused is bisected into quarantine",
    file: "source/delivery.ts",
    from: "if (delivery.refused.length < REFUSED_SINGLES_MAX) return",
    to: "if (delivery.refused.length < 1e9 * REFUSED_SINGLES_MAX) return",
  },
  {
    name: "joined rows that are too large are halved each",
    file: "source/delivery.ts",
    from: "  if (!wereJoined) split(turn, rows, reason)",
    to: "  if (!wereJoined || turn.now > 0) split(turn, rows, reason)",
  },
  {
    name: "a single item is given up for the company it was in",
    file: "source/outbox.ts",
    from: "half.length > 1 ? row.attempts : 1, now)",
    to: "row.attempts, now)",
  },
]
