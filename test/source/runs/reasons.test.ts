/** Why a run came to less than all of it: what happened, what was kept, what comes next. */
import { describe, expect, it } from "vitest"
import { whyFailed, whyPartial } from "../../../src/source/runs/reasons.ts"
import { newRun } from "../../../src/source/runs/run.ts"
import type { Run } from "../../../src/source/state/state.ts"
import { transactionOf } from "../../support/source-world.ts"

const tx = transactionOf()
const runOf = (changes: Partial<Run>): Run => ({ ...newRun(tx, "live", "schedule"), ...changes })
const refused = (count: number) => ({ Orders: { accepted: 9, dropped: 0, late: 0, quarantined: count } })
const DENIED = [
  { collection: "Orders", reason: "The key lacks a permission. Add it." },
  { collection: "People", reason: "The key lacks a permission. Add it." },
]

describe("a run says why it is partial", () => {
  it.each<[string, Partial<Run>, string | null]>([
    ["not where all was read", {}, null],
    [
      "where collections are denied: when they are read again",
      { denied: DENIED },
      "Orders, People cannot be read: The key lacks a permission. Add it. " +
        "Once it may be read, what was missed is read too, within a day or at once with Sync now.",
    ],
    [
      "where an item was refused: where it is kept",
      { collections: refused(1) },
      "1 item was not delivered. Quarantine keeps what was refused or could not be read, each with its reason.",
    ],
    [
      "where several were",
      { collections: refused(3) },
      "3 items were not delivered. Quarantine keeps what was refused or could not be read, each with its reason.",
    ],
  ])("%s", (_title, changes, said) => expect(whyPartial(tx, runOf(changes))).toBe(said))
})

it("a run that failed says that nothing which was read is lost", () => {
  const failed = [{ stream: "feed", collections: ["Orders"], reason: "Shop answered 500" }]
  expect(whyFailed(tx, runOf({ failed }))).toBe(
    "Shop answered 500. What was read is kept. The next run goes on from there.",
  )
})
