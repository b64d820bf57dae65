/** From the outbox to the destination, and the quarantine. */
import type { Mutant } from "./mutant.ts"

export const DELIVERY: readonly Mutant[] = [
  {
    name: "a gateway's page with a 2xx counts as delivered",
    file: "destinations/intempt.ts",
    from: 'return { outcome: doubtOf(exchanged) === null ? outcomeOf(status) : "later", status, reason, retryAt }',
    to: "return { outcome: outcomeOf(status), status, reason, retryAt }",
  },
  {
    name: "rows of a 2xx that could not be believed are not counted as possibly repeated",
    file: "source/delivery.ts",
    from: "status === 0 || (status >= 200 && status < 300) || status === 408",
    to: "status === 0 || status === 408",
  },
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
  {
    name: "two items share their place in line",
    file: "source/checkpoint.ts",
    from: "  state.ids.outbox += fitting.length\n",
    to: "  state.ids.outbox += Math.max(fitting.length - 1, 0)\n",
  },
  {
    name: "reading goes on whatever waits for the destination",
    file: "source/lease.ts",
    from: "if (turn.outbox.isFull) return BACKPRESSURE",
    to: "if (turn.outbox.isFull && turn.now < 0) return BACKPRESSURE",
  },
  {
    name: "one refusal is enough",
    file: "source/delivery.ts",
    from: "if (attempts > REFUSED_TRIES) split",
    to: "if (attempts > 0 * REFUSED_TRIES) split",
  },
  {
    name: "what travelled with others is judged by their refusal",
    file: "source/delivery.ts",
    from: "(wereJoined ? 0 : 1)",
    to: "(wereJoined ? REFUSED_TRIES : 1)",
  },
  {
    name: "rows of the last claim are not counted as possibly repeated",
    file: "source/delivery.ts",
    from: "...(last?.rows ?? [])",
    to: "...(last?.rows ?? []).slice(0, 0)",
  },
  {
    name: "rows that are gone stay counted as unsure",
    file: "source/delivery.ts",
    from: "[...unsure].filter((id) => turn.outbox.get(id))",
    to: "[...unsure]",
  },
  {
    name: "a refused row travels with others",
    file: "pipeline/pack.ts",
    from: "if (row.alone) {",
    to: "if (row.alone && row.id < 0) {",
  },
  {
    name: "a row holds one item too many",
    file: "source/outbox.ts",
    from: "end - start < ROW_ITEMS",
    to: "end - start <= ROW_ITEMS",
  },
  {
    name: "a refused state stays although a newer one has come",
    file: "source/quarantine.ts",
    from: "if (id !== undefined) forget(turn, id",
    to: "if (id !== undefined && id < 0) forget(turn, id",
  },
  {
    name: "a refused state is kept beside a newer one on its way",
    file: "source/quarantine.ts",
    from: 'if (item.kind === "object" && turn.outbox.hasObject',
    to: 'if (item.key === "" && turn.outbox.hasObject',
  },
  {
    name: "what is replayed stays counted as refused",
    file: "source/quarantine.ts",
    from: "    totals(turn, entry.collection).refused--\n",
    to: "",
  },
  {
    name: "what is discarded stays counted as taken",
    file: "source/quarantine.ts",
    from: "  counts.taken--\n  counts.refused--\n",
    to: "  counts.refused--\n",
  },
  {
    name: "what is replayed stays in quarantine",
    file: "source/quarantine.ts",
    from: "    drop(turn, entry.id, entry.collection, keyHash(entry.collection, entry.key))\n    totals",
    to: "    totals",
  },
]
