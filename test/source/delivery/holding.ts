/** What tests of forwarding begin with: a source that holds items. */
import type { Item } from "../../../src/connectors/kit/item.ts"
import type { ForwardTask } from "../../../src/source/protocol/forwarding.ts"
import { PROTOCOL } from "../../../src/source/protocol/source.ts"
import { fact, START, sourceWorld, type World } from "../../support/source-world.ts"

/** A source with these waiting for the destination, in rows of fifty. */
export async function holding(items: Item[]): Promise<World> {
  const world = sourceWorld()
  await world.configure()
  await world.drain("backfill")
  await world.page(await world.lease("live"), { items })
  return world
}

export const facts = (count: number) => Array.from({ length: count }, (_, index) => fact(`k${index}`, START + index))

/** Each row in a POST of its own. */
export async function answerEach(world: World, outcome: "too_large" | "delivered", claim: ForwardTask): Promise<void> {
  for (const row of claim.rows) await world.report({ ...claim, rows: [row] }, outcome, { done: false })
}

export const delivery = async (world: World) => (await world.view()).delivery

export const claimed = (world: World) => world.engine.claim({ nonce: "other", protocol: PROTOCOL })
