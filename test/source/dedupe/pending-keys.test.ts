import { describe, expect, it } from "vitest"
import { PENDING_ROW_ENTRIES, PendingKeys } from "../../../src/source/dedupe/pending-keys.ts"

describe("pending keys", () => {
  it("come back from their rows", () => {
    const keys = new PendingKeys([], 0)
    keys.add("a", 1)
    const again = new PendingKeys(keys.takeChanges().put, keys.nextId)
    expect([again.has("a"), again.has("b"), again.size]).toEqual([true, false, 1])
  })

  it("are kept once, and written only when they change", () => {
    const keys = new PendingKeys([], 0)
    keys.add("a", 1)
    keys.takeChanges()
    keys.add("a", 2)
    keys.remove("b")
    expect(keys.takeChanges()).toEqual({ put: [], remove: [] })
  })

  it("leave no row behind when the last of it is removed", () => {
    const keys = new PendingKeys([], 0)
    keys.add("a", 1)
    const [row] = keys.takeChanges().put
    keys.remove("a")
    expect(keys.takeChanges()).toEqual({ put: [], remove: [row?.id] })
    keys.add("b", 1)
    expect(keys.takeChanges().put[0]?.id).not.toBe(row?.id)
  })

  it("fill a row before the next is begun", () => {
    const keys = new PendingKeys([], 0)
    for (let key = 0; key <= PENDING_ROW_ENTRIES; key++) keys.add(`k${key}`, key)
    expect(keys.takeChanges().put).toHaveLength(2)
  })

  it("are forgotten when their record is older than the bound", () => {
    const keys = new PendingKeys([], 0)
    keys.add("older", 9)
    keys.add("at", 10)
    keys.expire(10)
    expect([keys.has("older"), keys.has("at")]).toEqual([false, true])
  })
})
