/** All troubles at once, while things happen, with consumers and Durable Objects dying in between: all of it arrives, known repeats aside. */
import { abortAllDurableObjects, evictDurableObject } from "cloudflare:test"
import { expect, test } from "vitest"
import type { FaultRequest } from "../sandbox/faults.ts"
import { ORG } from "../support/api.ts"
import { advance, MINUTE } from "./kit/clock.ts"
import { look, settled, sync, until } from "./kit/drive.ts"
import { PARTNERS } from "./kit/partners.ts"
import { calls, expectEqualButRepeats, type Source, stubOf } from "./kit/source.ts"
import { openWorld } from "./kit/world.ts"

const INTEMPT = "api.intempt.com"

/** Each for a share of the requests. None that a user has to mend: those are met one by one elsewhere. */
const AT_PARTNER: readonly FaultRequest[] = [
  { name: "rate_limit", probability: 0.05 },
  { name: "rate_limit_bare", probability: 0.05 },
  { name: "server_error", probability: 0.05 },
  { name: "hang", probability: 0.03, options: { seconds: 40 } },
  { name: "truncated_body", probability: 0.05 },
  { name: "not_json", probability: 0.05 },
  { name: "reset", probability: 0.05 },
  { name: "reset_body", probability: 0.05 },
  { name: "redirect", probability: 0.03 },
  { name: "expired_token", probability: 0.1 },
  { name: "slow_visibility", options: { seconds: 60 } },
]
const AT_DESTINATION: readonly FaultRequest[] = [
  { name: "rate_limit", probability: 0.05 },
  { name: "server_error", probability: 0.05 },
  { name: "hang", probability: 0.03, options: { seconds: 40 } },
  { name: "reset", probability: 0.05 },
  { name: "transient_400", probability: 0.1 },
  { name: "no_credits", probability: 0.03 },
  { name: "too_large", options: { bytes: 20_000 } },
  { name: "timeout_after_accept", probability: 0.03 },
]

const world = openWorld()

test.each(PARTNERS.map((partner) => [partner.connector, partner] as const))("%s", async (connector, { connect }) => {
  const source = await connect(world, { name: `${connector}-storm` })
  const faults = [
    ...AT_PARTNER.map((fault) => world.faults.on({ ...fault, account: source.project })),
    ...AT_DESTINATION.map((fault) => world.faults.on({ ...fault, account: `${ORG}/${source.project}` })),
  ]
  for (const nth of [4]) world.kill(source.host, nth)
  for (const nth of [3]) world.kill(INTEMPT, nth)
  for (let afterRequests = 1; afterRequests <= 12; afterRequests++)
    source.business.between(afterRequests, () => source.business.evolve(2))
  await tearDown(source)
  await settled(world, source)
  for (let round = 0; round < 2; round++) {
    advance(MINUTE)
    source.business.evolve(20)
    await sync(world, source)
  }
  for (const fault of faults) world.faults.off(fault)
  advance(5 * MINUTE)
  await sync(world, source)
  await sync(world, source)
  const { state } = await look(source)
  expect(state.error).toBeNull()
  expectEqualButRepeats(world, source, state.delivery.maybeRepeated)
})

async function tearDown(source: Source): Promise<void> {
  for (let read = 2; read <= 8; read += 2) {
    const { state } = await until(
      world,
      source,
      (seen) => calls(world, source) >= read || seen.state.backfills.length === 0,
    )
    if (state.backfills.length === 0) return
    await (read % 4 === 0 ? abortAllDurableObjects() : evictDurableObject(stubOf(source)))
  }
}
