/**
 * Every fault of the sandbox in turn, on each side that has it: whatever goes wrong for a while, what arrives in the end is what
 * the account holds, once. A fault that is added to the sandbox does not compile until it is placed here.
 */
import { expect, test } from "vitest"
import type { FAULTS, FaultName, FaultRequest } from "../sandbox/faults.ts"
import type { Account } from "../sandbox/stripe/account.ts"
import { createCharge } from "../sandbox/stripe/charges.ts"
import { evolve } from "../sandbox/stripe/evolve.ts"
import { json, ORG } from "../support/api.ts"
import { advance, advanceTo, MINUTE, now } from "./kit/clock.ts"
import { look, type Seen, settled, sync, until } from "./kit/drive.ts"
import { ask, connect, differences, expectEqual, HISTORY, happen, type Source, view } from "./kit/source.ts"
import { openWorld } from "./kit/world.ts"

type Side = "partner" | "destination"
type FaultsOf<S extends Side> = {
  [Name in FaultName]: (typeof FAULTS)[Name]["side"] extends S | "both" ? Name : never
}[FaultName]

interface Case extends Pick<FaultRequest, "times" | "after" | "path" | "options"> {
  /** What ends it, where it does not pass by itself. */
  mend?: (source: Source, faultOff: () => void) => Promise<void>
  history?: typeof HISTORY
}

/** The credentials are tested as the source is made; what follows suffers. */
const AFTER_CHECK = 1
const PASSES: Case = { after: AFTER_CHECK + 1, times: 3 }
/** Enough to be hit by three faults, and little enough for a sync of half a second. */
const SOME = { customers: 25, days: 200, seed: 3 }
/** Where each item is tried by itself before the end is reached. */
const FEW = { customers: 8, days: 120, seed: 3 }

const world = openWorld()

const PARTNER: Record<FaultsOf<"partner">, Case | "while writing"> = {
  rate_limit: PASSES,
  rate_limit_bare: PASSES,
  server_error: PASSES,
  hang: PASSES,
  slow: PASSES,
  truncated_body: PASSES,
  not_json: PASSES,
  reset: PASSES,
  reset_body: PASSES,
  huge_body: PASSES,
  redirect: PASSES,
  unauthorized: { after: AFTER_CHECK + 4, times: 1, mend: reconnect },
  revoked_key: { after: AFTER_CHECK + 4, mend: reconnect },
  forbidden: { path: "/v1/invoices", mend: allow },
  expired_token: { times: 2, history: HISTORY },
  repeated_token: { after: 3, times: 3, history: HISTORY },
  lost_second: "while writing",
  slow_visibility: "while writing",
  late_rows: "while writing",
  equal_timestamps: "while writing",
}

const DESTINATION: Record<FaultsOf<"destination">, Case> = {
  rate_limit: PASSES,
  rate_limit_bare: PASSES,
  server_error: PASSES,
  hang: PASSES,
  slow: PASSES,
  truncated_body: PASSES,
  not_json: PASSES,
  reset: PASSES,
  reset_body: PASSES,
  huge_body: PASSES,
  redirect: PASSES,
  unauthorized: PASSES,
  forbidden: PASSES,
  reject_key: PASSES,
  no_credits: PASSES,
  transient_400: PASSES,
  poison: { options: { marker: "Zo\u00eb" }, mend: replay },
  refuse_all: { after: AFTER_CHECK, mend: resumeDelivery, history: FEW },
  too_large: { options: { bytes: 3_000 }, history: FEW },
  timeout_after_accept: PASSES,
}

const cases = (table: Record<string, Case | "while writing">) =>
  Object.entries(table).flatMap(([name, how]) => (how === "while writing" ? [] : [[name as FaultName, how] as const]))

test.each(cases(PARTNER))("the partner: %s", async (name, how) => {
  const project = `partner-${name}`
  const source = await suffer(name, how, project, project)
  expectEqual(world, source)
})

test.each(cases(DESTINATION))("the destination: %s", async (name, how) => {
  const project = `destination-${name}`
  const source = await suffer(name, how, project, `${ORG}/${project}`)
  if (name === "timeout_after_accept") await expectKnownRepeats(source)
  else expectEqual(world, source)
})

/** How records appear while they are made: what is told late, out of order or in one second. */
test.each([
  ["slow_visibility", 240],
  ["late_rows", 240],
  ["equal_timestamps", 300],
  ["lost_second", 1],
] as const)("the partner, while records are made: %s", async (name, level) => {
  const project = `writing-${name}`
  const options = name === "lost_second" ? { on: level } : { seconds: level }
  const fault = world.faults.on({ name, account: project, options })
  const source = await connect(world, { name: project, history: SOME, prepare: crowd })
  await settled(world, source)
  for (let round = 0; round < 4; round++) {
    // A moment that many share is not one that lies behind what has been read.
    advanceTo(Math.ceil(now() / (5 * MINUTE)) * 5 * MINUTE)
    happen(source, crowd)
    happen(source, (account) => evolve(account, 10))
    advance(MINUTE)
    await sync(world, source)
  }
  world.faults.off(fault)
  advance(5 * MINUTE)
  await sync(world, source)
  expectEqual(world, source)
})

/** A first sync that meets the fault, until all is well again. */
async function suffer(name: FaultName, how: Case, project: string, account: string): Promise<Source> {
  const { mend, history = SOME, ...request } = how
  const fault = world.faults.on({ ...request, name, account })
  const source = await connect(world, { name: project, history })
  const left = () => world.faults.active().find(({ id }) => id === fault)
  const faultOff = () => {
    expect(left()?.hits ?? 1).toBeGreaterThan(0)
    world.faults.off(fault)
  }
  if (mend) await mend(source, faultOff)
  await settled(world, source)
  // Used up, switched off, or still in force and met.
  expect(left()?.hits ?? 1).toBeGreaterThan(0)
  world.faults.off(fault)
  return source
}

async function reconnect(source: Source, faultOff: () => void): Promise<void> {
  await until(world, source, ({ state }) => state.error !== null)
  expect(await view(source)).toMatchObject({ status: "error", error: { code: "credentials_rejected" } })
  faultOff()
  await json(ask(source, "PUT", "/credentials", { apiKey: source.apiKey }))
}

/** The others are read; what was denied is read once it is allowed and the user asks. */
async function allow(source: Source, faultOff: () => void): Promise<void> {
  const isOver = ({ state }: Seen) => state.run === null && state.passes.every(({ run }) => run === null)
  await until(world, source, isOver)
  const { live } = await view(source)
  expect(live?.collections.find(({ name }) => name === "Invoice")?.denied).toContain("invoice: read")
  faultOff()
  await sync(world, source)
}

async function replay(source: Source, faultOff: () => void): Promise<void> {
  const { state } = await settled(world, source)
  const refused = Object.values(state.counts).reduce((sum, counts) => sum + counts.refused, 0)
  expect(refused).toBeGreaterThan(0)
  expect(refused).toBeLessThan(100)
  faultOff()
  await json(ask(source, "POST", "/quarantine/replay", { ids: "all" }))
}

async function resumeDelivery(source: Source, faultOff: () => void): Promise<void> {
  await until(world, source, ({ state }) => state.delivery.state === "paused")
  expect((await view(source)).live?.delivery.reason).toContain("refuses everything")
  faultOff()
}

/** Only what was taken without an answer can have been sent twice, and no more than is said. */
async function expectKnownRepeats(source: Source): Promise<void> {
  const { state } = await look(source)
  const repeats = differences(world, source)
  expect(state.delivery.maybeRepeated).toBeGreaterThan(0)
  expect(repeats.length).toBeLessThanOrEqual(state.delivery.maybeRepeated)
  expect(repeats.filter((difference) => !/^(twice|too many|older after newer)/.test(difference))).toEqual([])
}

/** More than a page of one second. */
function crowd(account: Account): void {
  for (let left = 120; left > 0; left--) createCharge(account, { amount: 1_000 + left })
}
