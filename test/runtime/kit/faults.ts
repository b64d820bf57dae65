/**
 * Every fault of the sandbox in turn, on each side that has it: whatever goes wrong for a while, what arrives in the end is what
 * the account holds, once. A fault that is added to the sandbox does not compile until it is placed here.
 */
import { expect, test } from "vitest"
import type { FAULTS, FaultName, FaultRequest } from "../../sandbox/faults.ts"
import { json, ORG } from "../../support/api.ts"
import { advance, advanceTo, MINUTE, now } from "./clock.ts"
import { look, type Seen, settled, sync, until } from "./drive.ts"
import { ask, expectEqual, expectEqualButRepeats, type Partner, type Size, type Source, view } from "./source.ts"
import { openWorld } from "./world.ts"

type Side = "partner" | "destination"
type FaultsOf<S extends Side> = {
  [Name in FaultName]: (typeof FAULTS)[Name]["side"] extends S | "both" ? Name : never
}[FaultName]

type Mend = (source: Source, faultOff: () => void) => Promise<void>

interface Case extends Pick<FaultRequest, "times" | "after" | "path" | "options"> {
  /** What ends it, where it does not pass by itself. */
  mend?: Mend
  history?: Size
}

type Place = Case | "while writing" | "never"

/** What each of a partner's faults asks of the test. */
export type Places = Record<FaultsOf<"partner">, Place>

/** The credentials are tested as the source is made; what follows suffers. */
const AFTER_CHECK = 1
const BACKFILLS: Case = { after: AFTER_CHECK + 1, times: 3 }

/** Every stream meets it with its first page, live reading too; what happens afterwards must still be found. */
const MISDATED: Case = { after: AFTER_CHECK, times: 6, mend: goOn }

const world = openWorld()

export const OF_ANY_PARTNER = {
  rate_limit: BACKFILLS,
  rate_limit_bare: BACKFILLS,
  server_error: BACKFILLS,
  hang: BACKFILLS,
  slow: BACKFILLS,
  truncated_body: BACKFILLS,
  not_json: BACKFILLS,
  reset: BACKFILLS,
  reset_body: BACKFILLS,
  huge_body: BACKFILLS,
  redirect: BACKFILLS,
  date_ahead: MISDATED,
  date_behind: MISDATED,
  date_frozen: MISDATED,
  // Refused once: tried again after some minutes, and then it goes on by itself.
  unauthorized: { after: AFTER_CHECK + 4, times: 1 },
  revoked_key: { after: AFTER_CHECK + 4, mend: reconnect },
  expired_token: { times: 2, history: "pages" },
  repeated_token: { after: 3, times: 3, history: "pages" },
  slow_visibility: "while writing",
  late_rows: "while writing",
  equal_timestamps: "while writing",
} satisfies Partial<Record<FaultsOf<"partner">, Place>>

const destination = ({ firstName }: Partner): Record<FaultsOf<"destination">, Case> => ({
  rate_limit: BACKFILLS,
  rate_limit_bare: BACKFILLS,
  server_error: BACKFILLS,
  hang: BACKFILLS,
  slow: BACKFILLS,
  truncated_body: BACKFILLS,
  not_json: BACKFILLS,
  reset: BACKFILLS,
  reset_body: BACKFILLS,
  huge_body: BACKFILLS,
  redirect: BACKFILLS,
  unauthorized: BACKFILLS,
  forbidden: BACKFILLS,
  reject_key: BACKFILLS,
  no_credits: BACKFILLS,
  transient_400: BACKFILLS,
  poison: { options: { marker: firstName }, mend: replay },
  refuse_all: { after: AFTER_CHECK, mend: resumeDelivery, history: "few" },
  too_large: { options: { bytes: 3_000 }, history: "few" },
  timeout_after_accept: BACKFILLS,
})

/** The destination has taken the items, and its answer does not say so: they are sent again, and counted. */
const TAKEN_UNTOLD: ReadonlySet<FaultName> = new Set(["timeout_after_accept", "not_json", "huge_body"])
/** An empty answer may have arrived whole before it breaks. */
const MAY_BE_TOLD: ReadonlySet<FaultName> = new Set(["reset_body", "truncated_body"])

const cases = (table: Record<string, Place>) =>
  Object.entries(table).flatMap(([name, how]) => (typeof how === "string" ? [] : [[name as FaultName, how] as const]))

const whileWriting = (table: Record<string, Place>) =>
  Object.entries(table).flatMap(([name, how]) => (how === "while writing" ? [name as FaultName] : []))

/** How long and how late, where a fault has a measure. */
const LEVELS: Partial<Record<FaultName, number>> = { slow_visibility: 240, late_rows: 240, equal_timestamps: 300 }

export function testFaults(partner: Partner, places: Places): void {
  const named = (side: string, fault: string) => `${partner.connector}-${side}-${fault.replaceAll("_", "-")}`

  test.each(cases(places))("the partner: %s", async (name, how) => {
    const project = named("partner", name)
    const source = await suffer(partner, name, how, project, project)
    expectEqual(world, source)
  })

  test.each(cases(destination(partner)))("the destination: %s", async (name, how) => {
    const project = named("destination", name)
    const source = await suffer(partner, name, how, project, `${ORG}/${project}`)
    const mayRepeat = TAKEN_UNTOLD.has(name) || MAY_BE_TOLD.has(name)
    if (!mayRepeat) return expectEqual(world, source)
    const { maybeRepeated } = (await look(source)).state.delivery
    if (TAKEN_UNTOLD.has(name)) expect(maybeRepeated).toBeGreaterThan(0)
    expectEqualButRepeats(world, source, maybeRepeated)
  })

  /** How records appear while they are made: what is told late, out of order or in one second. */
  test.each(whileWriting(places))("the partner, while records are made: %s", async (name) => {
    const project = named("writing", name)
    const seconds = LEVELS[name]
    const fault = world.faults.on({ name, account: project, options: seconds === undefined ? {} : { seconds } })
    const prepare: Parameters<Partner["connect"]>[1]["prepare"] = ({ crowd }) => crowd()
    const source = await partner.connect(world, { name: project, history: "some", prepare })
    await settled(world, source)
    for (let round = 0; round < 3; round++) {
      // A moment that many share is not one that lies behind what has been read.
      advanceTo(Math.ceil(now() / (5 * MINUTE)) * 5 * MINUTE)
      source.business.crowd()
      source.business.evolve(10)
      advance(MINUTE)
      await sync(world, source)
    }
    world.faults.off(fault)
    advance(5 * MINUTE)
    await sync(world, source)
    expectEqual(world, source)
  })
}

/** A first sync that meets the fault, until all is well again. */
async function suffer(partner: Partner, name: FaultName, how: Case, project: string, account: string): Promise<Source> {
  const { mend, history = "some", ...request } = how
  const fault = world.faults.on({ ...request, name, account })
  const source = await partner.connect(world, { name: project, history })
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

/** The account lives on, and is read again. */
async function goOn(source: Source): Promise<void> {
  await settled(world, source)
  for (let round = 0; round < 2; round++) {
    source.business.evolve(10)
    advance(MINUTE)
    await sync(world, source)
  }
}

async function reconnect(source: Source, faultOff: () => void): Promise<void> {
  await until(world, source, ({ state }) => state.error !== null)
  expect(await view(source)).toMatchObject({ status: "error", error: { code: "credentials_rejected" } })
  faultOff()
  await json(ask(source, "PUT", "/credentials", source.credentials))
}

/** The others are read; what was denied is read once it is allowed and the user asks. */
export function allow(collection: string, reason: string): Mend {
  return async (source, faultOff) => {
    const isOver = ({ state }: Seen) => state.run === null && state.backfills.every(({ run }) => run === null)
    await until(world, source, isOver)
    const { live } = await view(source)
    expect(live?.collections.find(({ name }) => name === collection)?.denied).toContain(reason)
    faultOff()
    await sync(world, source)
  }
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
