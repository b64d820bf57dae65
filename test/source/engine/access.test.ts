/** The credential that is handed out for one call of the API's. */
import { expect, test } from "vitest"
import { MINUTE, sourceWorld } from "../../support/source-world.ts"
import { granted, LATER, refreshed } from "../credentials/granted.ts"

test("a pasted key is handed out as it is", async () => {
  const world = sourceWorld()
  await world.configure()
  expect(await world.engine.access()).toEqual({ ok: true, credential: { kind: "key", value: expect.any(String) } })
})

test("an access token is renewed where it is about to run out, and only then", async () => {
  const { world, asked, answers } = await granted()
  const handedOut = (value: string) => ({ ok: true, credential: { kind: "accessToken", value } })
  expect(await world.engine.access()).toEqual(handedOut("a1"))
  expect(asked).toEqual([])
  world.advance(50 * MINUTE)
  answers.push(refreshed(world, "a2"))
  const both = await Promise.all([world.engine.access(), world.engine.access()])
  expect(both).toEqual([handedOut("a2"), handedOut("a2")])
  expect(asked).toHaveLength(1)
})

test("a token that cannot be renewed now is not handed out", async () => {
  const { world } = await granted([LATER])
  world.advance(50 * MINUTE)
  expect(await world.engine.access()).toMatchObject({ ok: false, code: "unavailable" })
})

test("a source that was erased hands out nothing", async () => {
  const world = sourceWorld()
  await world.configure()
  await world.engine.erase()
  expect(await world.engine.access()).toMatchObject({ ok: false, code: "gone" })
})
