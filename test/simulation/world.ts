/** One seed from beginning to end: the shipped modules over simulated ports, a stormy time, then calm, then the reckoning. */
import type { Random } from "../../src/ports.ts"
import { hashText } from "../sandbox/random.ts"
import { type Chance, createChance } from "./chance.ts"
import { createQueues, type Life, type Queues } from "./consumers.ts"
import { type Auth, PARTNERS, type PartnerName } from "./partners.ts"
import { createReckoning } from "./reckoning.ts"
import { HOUR, type Scenario, scenarioOf } from "./scenario.ts"
import { createStory } from "./story.ts"
import { createTenant, messageOf, type Shared, type Tenant } from "./tenant.ts"
import { createTimeline } from "./timeline.ts"
import { REF } from "./user.ts"

/** For each source: so many until all faults have ended, and as many again until it rests; in proportion where that takes weeks. */
const EVENTS_MAX = 60_000
const EVENTS_WITHIN_MS = 7 * 86_400_000
const NEIGHBOUR = { org: "other", project: "site", source: "src_next_door" }
const NEIGHBOURS_FROM = 1_000_000

export interface Verdict {
  seed: number
  partner: PartnerName
  auth: Auth
  /** What was broken; empty: nothing. */
  faults: string[]
  story: string[]
  /** Names of the faults that struck, in order. */
  struck: string[]
  events: number
  scenario: Scenario
  partnerCalls: number
  items: number
}

export interface Options {
  partner?: PartnerName
  auth?: Auth
  without?: ReadonlySet<string>
  isTold?: boolean
  steps?: number
}

export async function simulate(
  seed: number,
  { partner: name = "stripe", auth = usualAuth(name), without = new Set(), isTold = false, steps }: Options = {},
): Promise<Verdict> {
  const kind = PARTNERS[name]
  const signsIn = auth === "either" ? hashText(`${seed}/auth`) % 2 === 0 : auth === "oauth"
  const scenario = scenarioOf(seed, without, kind, signsIn)
  const timeline = createTimeline(scenario.connectAt)
  const story = createStory(isTold, timeline.now)
  const failures: string[] = []
  const fail = (error: unknown) => void failures.push(messageOf(error))
  let most = steps ?? EVENTS_MAX
  const isWell = () => failures.length === 0 && timeline.events() < most
  const shared: Shared = { timeline, story, failures, fail, queues: () => queues, httpOf }
  const chance = createChance(seed, scenario.rates, without)
  const random = randomOf(chance)
  const first = createTenant({ shared, ref: REF, kind, scenario, chance, random })
  const tenants: Tenant[] = [first]
  if (isBesideAnother(seed, name) && !without.has("neighbour")) tenants.push(neighbour(scenario))
  const length = Math.max(1, (scenario.calmAt - scenario.connectAt) / EVENTS_WITHIN_MS)
  if (steps === undefined) most = EVENTS_MAX * tenants.length * length
  const queues: Queues = createQueues({
    timeline,
    chance,
    story,
    random,
    fail,
    tenants,
    skewMs: scenario.consumerSkewMs,
    isDeployed: scenario.isDeployed,
    httpOf,
  })
  try {
    for (const tenant of tenants) await tenant.begin()
    await timeline.run(scenario.calmAt, isWell)
    story.tell(() => "CALM: from now on nothing fails")
    if (steps === undefined && isWell()) most = timeline.events() + EVENTS_MAX * tenants.length
    for (const tenant of tenants) tenant.chance.calm()
    // Who is making the source again comes to an end with it.
    await timeline.run(timeline.now() + HOUR, () => isWell() && tenants.some(({ user }) => user.isBetween))
    for (const tenant of tenants) if (failures.length === 0) await createReckoning(shared, tenant, isWell).calm()
  } catch (error) {
    fail(error)
  }
  if (timeline.events() >= most) failures.push("it never comes to rest")
  return {
    ...{ seed, partner: name, auth, scenario, faults: failures, story: story.lines },
    struck: tenants.flatMap((tenant) => tenant.chance.struck),
    events: timeline.events(),
    partnerCalls: sumOf(tenants, ({ network }) => network.partnerCalls),
    items: sumOf(tenants, ({ network }) => network.intempt.received.length),
  }

  /** Another project's source, of another partner, over the same queues and consumers. */
  function neighbour({ connectAt, calmAt, intervalHours }: Scenario): Tenant {
    const other = seed + NEIGHBOURS_FROM
    const its = scenarioOf(other, without, PARTNERS.meadow, false, { connectAt, calmAt })
    // Weeks go by with seldom syncs only.
    its.intervalHours = Math.max(its.intervalHours, intervalHours)
    const luck = createChance(other, its.rates, without)
    const parts = { kind: PARTNERS.meadow, scenario: its, chance: luck, random: randomOf(luck, "n") }
    return createTenant({ shared, ref: NEIGHBOUR, ...parts })
  }

  /** Whoever the address belongs to has its own network, with its own faults. */
  function httpOf(life: Life): ReturnType<Shared["httpOf"]> {
    return (url, init) => {
      const owner = tenants.find(({ network }) => network.isFor(new URL(url))) ?? first
      return owner.network.httpOf(life)(url, init)
    }
  }
}

function sumOf(tenants: readonly Tenant[], count: (tenant: Tenant) => number): number {
  return tenants.reduce((sum, tenant) => sum + count(tenant), 0)
}

function randomOf(chance: Chance, mark = ""): Random {
  let ids = 0
  return { next: () => chance.draw("random"), id: (prefix) => `${prefix}_${mark}${++ids}` }
}

/** One in eight of the others' sources has a neighbour. */
function isBesideAnother(seed: number, partner: PartnerName): boolean {
  return partner !== "meadow" && seed % 8 === 5
}

/** Stripe's seeds are those of a pasted key; Shopify's have both; nobody signs in at the made-up partner. */
function usualAuth(partner: PartnerName): Auth {
  return partner === "shopify" ? "either" : "key"
}
