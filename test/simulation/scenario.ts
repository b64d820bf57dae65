/** From a seed to what will be tried: all that is planned ahead. What strikes by chance on the way is decided by `chance.ts`. */
import { createRandom, hashText, type Random } from "../sandbox/random.ts"
import {
  FAULT_NAMES,
  type FaultName,
  faultOf,
  ONE_STREAM_SPELL_NAMES,
  SELDOM_SPELL_NAMES,
  SPELL_NAMES,
  type SpellName,
  TOKEN_FAULT_NAMES,
  TOKEN_SPELL_NAMES,
} from "./faults.ts"
import type { PartnerKind } from "./partner.ts"

export const HOUR = 3_600_000
export const DAY = 24 * HOUR
const EPOCH = Date.UTC(2026, 10, 2, 9)

export interface LifeStep {
  name: string
  life: string
  /** Epoch ms; or right after the partner's so-many-th answer. */
  at: number | null
  request: number | null
  /** Decides on whom. */
  roll: number
}

export interface Spell {
  name: string
  spell: SpellName
  from: number
  to: number
}

export const ACTIONS = [
  "sync_now",
  "sync_now",
  "pause",
  "interval",
  "start_earlier",
  "start_later",
  "switch_off",
  "switch_off",
  "switch_briefly",
  "roll_key",
  "resync_object",
  "resync_event",
  "new_destination_key",
  "watch",
  "delete",
] as const
/** One source in so many is deleted and made again. */
const MADE_AGAIN_EVERY = 12
const MORE_ACTIONS = ["switch_on", "add_fields", "discard", "replay", "resync_often"] as const
export type ActionName = (typeof ACTIONS)[number] | (typeof MORE_ACTIONS)[number] | "make_again"

export interface Action {
  name: string
  action: ActionName
  at: number
  /** When what it began is undone again: resumed, switched on, a new key pasted. */
  until: number
  roll: number
}

export interface Scenario {
  seed: number
  connectAt: number
  calmAt: number
  /** Partner time minus ours. */
  skewMs: number
  /** How far the consumers' clocks may be off. */
  consumerSkewMs: number
  pageSize: number
  intervalHours: number
  startDate: number
  /** Records before the source is connected. */
  history: LifeStep[]
  life: LifeStep[]
  spells: Spell[]
  actions: Action[]
  rates: Partial<Record<FaultName, number>>
  /** Seconds until the partner shows a new event, and a new record in its lists. */
  lag: { events: number; rows: number }
  /** Share of the records that the destination refuses for good. */
  poison: number
  isDeployed: boolean
  /** So many more payments before the source is connected: what only much of it shows (full claims, a full outbox). */
  crowd: number
  /** The source was let in by signing in at the partner, not by a pasted key. */
  signsIn: boolean
  /** How people are named. */
  identity: "email" | "partnerId"
  /** Collections that are off from the beginning. */
  startsWithout: ReadonlySet<string>
}

/** One seed in a hundred and twenty-five is crowded, one in a thousand so much that reading has to wait for delivery. */
const CROWDS = [
  { every: 1_000, at: 620, payments: 8_000 },
  { every: 125, at: 60, payments: 1_600 },
]

/** `span`: of a source beside another one. A scenario without what `without` names: `fault`, `mutation#3`, `action#1`, `spell#0`, `history#7`. */
export function scenarioOf(
  seed: number,
  without: ReadonlySet<string>,
  kind: PartnerKind,
  signsIn: boolean,
  span: Pick<Scenario, "connectAt" | "calmAt"> | null = null,
): Scenario {
  const random = createRandom((seed * 2654435761) >>> 0)
  const shape = shapeOf(random)
  const begins = EPOCH + random.int(0, 400) * DAY + random.int(0, DAY / 1000) * 1000 + random.int(0, 999)
  const { connectAt, calmAt } = span ?? { connectAt: begins, calmAt: begins + shape.lasts }
  const kept = <T extends { name: string }>(list: T[]) => list.filter(({ name }) => !without.has(name))
  const startDate = Math.floor((connectAt - random.pick([3, 20, 90, 360]) * DAY) / DAY) * DAY
  const rates = without.has("faults") ? {} : ratesOf(seed, shape.violence, FAULT_NAMES)
  const extra = extraOf(seed, { kind, signsIn, connectAt, calmAt, violence: shape.violence })
  const payments = CROWDS.find(({ every, at }) => seed % every === at)?.payments ?? 0
  const crowd = kind.hasCrowds && !without.has("crowd") ? payments : 0
  const scenario: Scenario = {
    seed,
    connectAt,
    calmAt,
    skewMs: random.pick([0, 0, 1_700, -90_000, 610_000, -3_600_000]),
    consumerSkewMs: random.pick([0, 0, 1_500]) * extra.haste,
    pageSize: random.pick([1, 2, 3, 3, 5, 8, 100]),
    intervalHours: shape.intervalHours,
    startDate,
    history: kept(historyOf(random, connectAt, kind)),
    life: kept(lifeOf(random, connectAt, calmAt, shape.steps, kind.life)),
    spells: kept([...spellsOf(random, connectAt, calmAt, shape.violence), ...extra.spells]),
    actions: kept([
      ...actionsOf(random, connectAt, calmAt, shape.actions),
      ...longHalt(random, connectAt, calmAt),
      ...extra.actions,
      ...madeAgain(seed, connectAt, calmAt),
    ]),
    rates: without.has("faults") ? rates : { ...rates, ...extra.rates },
    lag: without.has("lag") ? { events: 0, rows: 0 } : lagOf(random),
    poison: random.chance(0.35) && !without.has("poison") ? 0.06 : 0,
    isDeployed: random.chance(0.2),
    crowd,
    signsIn,
    identity: extra.identity,
    startsWithout: without.has("startsWithout") ? new Set() : extra.startsWithout,
  }
  return crowd > 0 ? crowded(scenario) : scenario
}

/** The destination cannot keep up with what is read. */
function crowded(scenario: Scenario): Scenario {
  const { connectAt, calmAt, crowd } = scenario
  const spell = crowd > 2_000 ? ("destination_down" as const) : ("destination_drags" as const)
  const slow = { name: "spell#crowd", spell, from: connectAt, to: Math.min(calmAt, connectAt + 2 * HOUR) }
  const startDate = Math.floor((connectAt - 90 * DAY) / DAY) * DAY
  return { ...scenario, pageSize: 100, startDate, spells: [...scenario.spells, slow] }
}

/** Most seeds are short and dense; some last long enough for gaps, renewals and late debits. */
function shapeOf(random: Random) {
  const violence = random.pick([0, 0.5, 1.5, 3, 6])
  const actions = random.pick([0, 2, 4, 6])
  const roll = random.next()
  if (roll < 0.7)
    return { lasts: random.int(3, 9) * HOUR, intervalHours: 1, steps: random.int(6, 40), violence, actions }
  if (roll < 0.9) {
    const intervalHours = random.pick([3, 6, 12])
    return { lasts: random.int(24, 96) * HOUR, intervalHours, steps: random.int(8, 40), violence, actions }
  }
  return { lasts: random.int(35, 60) * DAY, intervalHours: 24, steps: random.int(10, 30), violence, actions }
}

/** Each by itself: a new fault leaves the others of a seed as they are. */
function ratesOf(seed: number, violence: number, names: readonly FaultName[]): Partial<Record<FaultName, number>> {
  const rates: Partial<Record<FaultName, number>> = {}
  for (const name of names)
    if (createRandom(hashText(`${seed}/rate/${name}`)).chance(0.4))
      rates[name] = Math.min(0.5, faultOf(name).rate * violence)
  return rates
}

interface Extent {
  kind: PartnerKind
  signsIn: boolean
  connectAt: number
  calmAt: number
  violence: number
}

/** What goes wrong at this partner only, and at token endpoints. Drawn apart: the rest of a seed's story is the same without it. */
function extraOf(seed: number, { kind, signsIn, connectAt, calmAt, violence }: Extent) {
  const random = createRandom(hashText(`${seed}/${kind.title}/${signsIn}`))
  const rates = ratesOf(seed, violence, [...kind.faults, ...(signsIn ? TOKEN_FAULT_NAMES : [])])
  const spells: Spell[] = []
  if (signsIn && violence > 0 && random.chance(0.3)) {
    const from = random.int(connectAt, calmAt)
    const to = Math.min(calmAt, from + random.pick([10 * 60_000, HOUR, 5 * HOUR]))
    spells.push({ name: "spell#token", spell: random.pick(TOKEN_SPELL_NAMES), from, to })
  }
  const more = createRandom(hashText(`${seed}/${kind.title}/more`))
  if (violence > 0) spells.push(...moreSpells(seed, kind, connectAt, calmAt))
  return { rates, spells, ...choicesOf(more, kind), actions: moreActions(more, connectAt, calmAt) }
}

/** One in three seeds has one of these, and a third of those two. */
function moreSpells(seed: number, kind: PartnerKind, from: number, to: number): Spell[] {
  const random = createRandom(hashText(`${seed}/${kind.title}/spells`))
  const names = [
    ...SELDOM_SPELL_NAMES,
    ...(kind.liveStreams > 1 ? [...ONE_STREAM_SPELL_NAMES, ...ONE_STREAM_SPELL_NAMES] : []),
  ]
  const count = names.length === 0 ? 0 : random.pick([0, 0, 0, 1, 1, 2])
  return Array.from({ length: count }, (_, index) => {
    const begin = random.int(from, to)
    const length = random.pick([10 * 60_000, HOUR, 5 * HOUR])
    return { name: `spell#more${index}`, spell: random.pick(names), from: begin, to: Math.min(to, begin + length) }
  })
}

/** What the user chose before connecting. */
function choicesOf(
  random: Random,
  kind: PartnerKind,
): Pick<Scenario, "identity" | "startsWithout"> & { haste: number } {
  const identity = random.chance(0.2) ? ("partnerId" as const) : ("email" as const)
  const names = kind.connector(1).collections.map(({ name }) => name)
  const isPicky = random.chance(0.15)
  const startsWithout = new Set(isPicky ? names.filter(() => random.chance(0.4)) : [])
  // Clocks of different machines differ by seconds, not more.
  const haste = random.pick([1, 1, 3])
  return { identity, haste, startsWithout: startsWithout.size < names.length ? startsWithout : new Set() }
}

/** What users do now and then. */
function moreActions(random: Random, from: number, to: number): Action[] {
  const count = random.pick([0, 0, 1, 2, 3])
  return Array.from({ length: count }, (_, index) => {
    const at = random.int(from, to)
    const until = Math.min(to, at + random.pick([HOUR, 5 * HOUR]))
    return { name: `action#more${index}`, action: random.pick(MORE_ACTIONS), at, until, roll: random.int(0, 2 ** 30) }
  })
}

/** At any moment: while the first backfill is read, or as soon as something waits. Drawn apart: until then a seed's story is the same. */
function madeAgain(seed: number, from: number, to: number): Action[] {
  const random = createRandom(hashText(`${seed}/made again`))
  if (!random.chance(1 / MADE_AGAIN_EVERY)) return []
  const at = Math.min(
    to,
    random.pick([random.int(from, to), from + random.int(60_000, 2 * HOUR), from + random.int(4_000, 60_000)]),
  )
  const until = Math.min(to, at + random.pick([30_000, HOUR, 5 * HOUR, 40 * DAY]))
  return [{ name: "action#again", action: "make_again", at, until, roll: random.int(0, 2 ** 30) }]
}

function lagOf(random: Random) {
  return { events: random.pick([0, 0, 5, 60, 400]), rows: random.pick([0, 0, 60, 400]) }
}

/** Ties on purpose: several things happen in one second. */
function historyOf(random: Random, connectAt: number, { life: names, lookbackMs }: PartnerKind): LifeStep[] {
  const steps: LifeStep[] = []
  const spans = [DAY / 24, DAY, 20 * DAY, 35 * DAY, 120 * DAY, 700 * DAY]
  const count = random.int(4, 22)
  while (steps.length < count) {
    // At times just where live reading and the first backfill meet.
    const atWatermark = 1000 * Math.floor(connectAt / 1000) - lookbackMs + random.pick([-1000, 0, 0, 1000])
    const at = random.chance(0.15) ? atWatermark : connectAt - random.int(1, random.pick(spans) / 1000) * 1000
    for (let ties = random.pick([1, 1, 1, 3]); ties > 0; ties--)
      steps.push({ name: `history#${steps.length}`, life: "arrive", at, request: null, roll: random.int(0, 2 ** 30) })
  }
  steps.sort((a, b) => (a.at ?? 0) - (b.at ?? 0))
  // Somebody must be there before something can happen to them.
  for (const [index, step] of steps.entries()) if (index > 1) step.life = random.pick(names)
  return steps
}

function lifeOf(random: Random, from: number, to: number, count: number, names: readonly string[]): LifeStep[] {
  const steps: LifeStep[] = []
  while (steps.length < count) {
    const isBetween = random.chance(0.35)
    const at = isBetween ? null : random.int(from, to)
    const request = isBetween ? random.int(1, 60) : null
    for (let ties = random.pick([1, 1, 2, 5]); ties > 0; ties--) {
      const roll = random.int(0, 2 ** 30)
      const shift = random.pick([0, 0, 300, 1_000, 20_000])
      const moved = at === null ? null : Math.min(to, at + shift)
      const life = random.chance(0.2) ? "buy" : random.pick(names)
      steps.push({ name: `mutation#${steps.length}`, life, at: moved, request, roll })
    }
  }
  return steps
}

function spellsOf(random: Random, from: number, to: number, violence: number): Spell[] {
  const count = violence === 0 ? 0 : random.pick([0, 0, 1, 2])
  return Array.from({ length: count }, (_, index) => {
    const begin = random.chance(0.4) ? from : random.int(from, to)
    const length = random.pick([20 * 60_000, 2 * HOUR, 8 * HOUR, 3 * DAY])
    return { name: `spell#${index}`, spell: random.pick(SPELL_NAMES), from: begin, to: Math.min(to, begin + length) }
  })
}

/** Over weeks: stopped while the first backfill is being read, for long enough that the feed forgets. */
function longHalt(random: Random, from: number, to: number): Action[] {
  if (to - from < 30 * DAY || random.chance(0.5)) return []
  const until = Math.min(to, from + random.int(2, 34) * DAY)
  const action = random.pick(["pause", "roll_key"] as const)
  return [{ name: "action#halt", action, at: from + random.int(500, 4_000), until, roll: 0 }]
}

function actionsOf(random: Random, from: number, to: number, most: number): Action[] {
  return Array.from({ length: random.int(0, most) }, (_, index) => {
    const at = random.pick([random.int(from, to), from + random.int(0, 1_800_000), from + random.int(0, 8_000)])
    const length = random.pick([30_000, 10 * 60_000, 3 * HOUR, 40 * DAY])
    const action = random.pick(ACTIONS)
    // A deletion ends what can be checked: it comes seldom, and late.
    const chosen = action === "delete" && random.chance(0.5) ? "watch" : action
    return {
      name: `action#${index}`,
      action: chosen,
      at: Math.min(at, to),
      until: Math.min(to, at + length),
      roll: random.int(0, 2 ** 30),
    }
  })
}
