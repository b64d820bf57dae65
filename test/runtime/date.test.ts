/** The tests' date reaches what runs in workerd, and its alarms ring by it: see test/support/dates/now.ts. */
import { runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { expect, test } from "vitest"
import type { Bindings } from "../../src/env.ts"
import { clock } from "../../src/worker/platform.ts"
import { FIXED_NOW } from "../support/dates/date.ts"

const SECOND_MS = 1_000
const { SOURCES } = env as unknown as Bindings

test("the product's clock begins at NOW and goes on", async () => {
  const begun = Date.parse(process.env.NOW ?? FIXED_NOW)
  const now = clock.now()
  expect(now - begun).toBeGreaterThanOrEqual(0)
  expect(now - begun).toBeLessThan(60 * SECOND_MS)
  expect(new Date() >= new Date(now)).toBe(true)
  await clock.sleep(10)
  expect(clock.now()).toBeGreaterThan(now)
})

test("an alarm rings as long after it is set as it says, and is read as it was set", async () => {
  const rung = Promise.withResolvers<number>()
  const stub = SOURCES.getByName("acme/date/src_alarm")
  const at = clock.now() + 500
  await runInDurableObject(stub, async (object, { storage }) => {
    object.alarm = async () => rung.resolve(clock.now())
    await storage.setAlarm(at)
    expect(await storage.getAlarm()).toBe(at)
  })
  expect(await rung.promise).toBeGreaterThanOrEqual(at)
})
