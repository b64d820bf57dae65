import { describe, expect, it } from "vitest"
import { HOUR, person, START, sourceWorld } from "../../support/source-world.ts"

const AHEAD_MS = 50_000

describe("an object of a list whose answer is dated almost a minute ahead", () => {
  it.each([
    ["that is dated by its asking is older than what changes after that", AHEAD_MS, 0],
    ["that bears an update time keeps it", -HOUR, -HOUR],
  ])("%s", async (_, at, version) => {
    const world = sourceWorld()
    await world.configure({ collections: [{ name: "People", fields: {} }] })
    const people = await world.lease("backfill")
    await world.page(people, { asked: START + AHEAD_MS, items: [person("p", START + at, "Ada")] })
    // Throws where the text, which is all that the destination gets, is of another version or time.
    expect(await world.deliver()).toMatchObject([{ version: START + version, time: START + version }])
    await world.until(START + HOUR)
    await world.page(await world.lease("live"), { items: [person("p", START + AHEAD_MS / 2, "Grace")] })
    expect(await world.deliver()).toMatchObject([{ userAttributes: { name: "Grace" } }])
  })
})
