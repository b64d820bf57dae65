import { describe, expect, it } from "vitest"
import { inTime } from "../../src/lib/deadline.ts"

describe("work that has a time limit", () => {
  it("settles as it does on its own", async () => {
    const { timeout } = manualClock()
    await expect(inTime({ timeout }, 10_000, Promise.resolve("done"))).resolves.toBe("done")
    await expect(inTime({ timeout }, 10_000, Promise.reject(new Error("refused")))).rejects.toThrow("refused")
  })

  it("is given up when it hangs", async () => {
    const clock = manualClock()
    const waiting = inTime(clock, 10_000, new Promise(() => undefined))
    clock.passes()
    await expect(waiting).rejects.toThrow("no answer within 10 s")
  })
})

function manualClock() {
  const controller = new AbortController()
  return { timeout: () => controller.signal, passes: () => controller.abort() }
}
