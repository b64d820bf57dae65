/** One seed from beginning to end: the shipped modules over simulated ports, a stormy time, then calm, then the reckoning. */
import { tokensPort } from "../../src/oauth/tokens.ts"
import type { Random } from "../../src/source/ports.ts"
import type { QuarantineEntry, RunView, SourceView } from "../../src/source/rpc.ts"
import { type Pass, type State, slicesOf } from "../../src/source/state.ts"
import { hashText } from "../sandbox/random.ts"
import { type Chance, createChance } from "./chance.ts"
import { createQueues, type Queues } from "./consumers.ts"
import { POISON, type SpellName, spellOf } from "./faults.ts"
import { createNetwork, type Network } from "./network.ts"
import { CIPHER, createHost, type Host, type Method, type Result } from "./object.ts"
import { faultsOf } from "./oracle.ts"
import { type Auth, PARTNERS, type PartnerName } from "./partners.ts"
import { DAY, HOUR, type Scenario, scenarioOf } from "./scenario.ts"
import { createStory, Violation } from "./story.ts"
import { createTimeline } from "./timeline.ts"
import { createTokenWatch } from "./tokens.ts"
import { createUser, SOURCE_NAME, type User } from "./user.ts"
import { createWatch, type Watch } from "./watch.ts"

const EVENTS_MAX = 60_000
/** Of one slice, while its partner is down. */
const TRIES_A_RUN = 8
/** What costs time only: no reading fails of it. */
const SMOOTH = /^(partner_limits|destination_|alarm_|wake_|send_|publish_|evicted)/
/** So many items refused in a row are not the items' fault. */
const REFUSED_TOGETHER = 20
/** A rejected key is tried by what is under way, and then no more. */
const CALLS_WITH_A_LOST_KEY = 8
const AFTER_DELETION_MS = 60_000
/** A grant that cannot be given back in so many is left to lapse. */
const REVOKED_IN_TRIES = 5

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
  const chance = createChance(seed, scenario.rates, without)
  const story = createStory(isTold, timeline.now)
  const partnerNow = () => timeline.now() + scenario.skewMs
  const partner = kind.open(scenario, partnerNow)
  const failures: string[] = []
  const fail = (error: unknown) => {
    if (error instanceof Violation) failures.push(error.message)
    else failures.push(error instanceof Error ? `${error.stack}` : String(error))
  }
  const guarded =
    <A extends unknown[]>(work: (...args: A) => void) =>
    (...args: A) => {
      try {
        work(...args)
      } catch (error) {
        fail(error)
      }
    }
  let erasures = 0
  const random = randomOf(chance)
  const sliced = kind.connector(scenario.pageSize)
  const connector = (wanted: string) => (wanted === name ? sliced : undefined)
  const watch: Watch = createWatch(timeline.now, () => host.isRinging(), story)
  const tokens = createTokenWatch({
    now: timeline.now,
    grants: partner.oauth.grants,
    isOver: () => user.deletedAt !== null,
    failedCommits: () => chance.struck.filter((fault) => fault.startsWith("commit_")).length,
  })
  const host: Host = createHost({
    timeline,
    chance,
    story,
    committed: guarded((disk, before) => {
      const hadError = watch.state?.error != null
      watch.committed(disk, before)
      tokens.committed(watch.state)
      if (watch.state?.error && !hadError) user.seesError()
    }),
    renewed: ({ access }) => tokens.arrived(access),
    calling: (call) => {
      if (call?.method === "erase") erasures++
      watch.calling(call)
    },
    carriedOut: guarded(watch.carriedOut),
    ports: {
      random,
      connector,
      log: (event, fields) => story.tell(() => `source: ${event} ${JSON.stringify(fields)}`),
      tokens: tokensPort({
        clock: {
          now: timeline.now,
          sleep: (ms) => new Promise((done) => timeline.after(ms, done)),
          timeout: timeline.timeout,
        },
        http: (url, init) => network.httpOf({ name: "source", alive: true })(url, init),
        cipher: CIPHER,
        connector,
        client: async () => partner.oauth.client,
      }),
      wake: (lane) => queues.send(lane),
      publish: () => {
        if (chance.strikes("publish_fails")) throw new Error("D1 is not there")
      },
    },
  })
  const isOn = (spell: SpellName) =>
    scenario.spells.some((one) => one.spell === spell && one.from <= timeline.now() && timeline.now() < one.to)
  let answers = 0
  const network: Network = createNetwork({
    timeline,
    chance,
    story,
    partner,
    partnerNow,
    isOn,
    posting: guarded(watch.posting),
    posted: watch.posted,
    tokens: guardedTokens(),
    signInAgain: () => user.signInAgain(),
    partnerAnswered: () => {
      answers++
      for (const step of scenario.life) if (step.request === answers) happen(step)
    },
  })
  const queues: Queues = createQueues({
    timeline,
    chance,
    story,
    host,
    random,
    connector,
    fail,
    source: SOURCE_NAME,
    skewMs: scenario.consumerSkewMs,
    isDeployed: scenario.isDeployed,
    httpOf: network.httpOf,
  })
  const user: User = createUser({
    timeline,
    chance,
    story,
    scenario,
    partner,
    host,
    partnerNow,
    hasTrouble: () => watch.state?.error != null || slicesIn(watch.state).some(({ state }) => state === "denied"),
    collections: sliced.collections,
    tokens,
    connector: sliced,
  })
  const isFine = () => failures.length === 0 && timeline.events() < (steps ?? EVENTS_MAX)
  return finish()

  function guardedTokens() {
    return {
      used: guarded(tokens.used),
      refused: guarded(tokens.refused),
      asked: guarded(tokens.asked),
      renewed: guarded(tokens.renewed),
      lost: guarded(tokens.lost),
    }
  }

  function happen({ life, roll }: Scenario["life"][number]): void {
    if (timeline.now() > scenario.calmAt) return
    const what = partner.live(life, roll)
    story.tell(() => `${kind.title.toUpperCase()}: ${what}`)
  }

  async function finish(): Promise<Verdict> {
    try {
      await storm()
      if (failures.length === 0) await calm()
    } catch (error) {
      fail(error)
    }
    if (timeline.events() >= (steps ?? EVENTS_MAX)) failures.push("it never comes to rest")
    const { struck } = chance
    const counts = {
      events: timeline.events(),
      partnerCalls: network.partnerCalls,
      items: network.intempt.received.length,
    }
    return { seed, partner: name, auth, scenario, struck, faults: failures, story: story.lines, ...counts }
  }

  async function storm(): Promise<void> {
    story.tell(
      () =>
        `connected: pages of ${scenario.pageSize}, every ${scenario.intervalHours} h, from ${new Date(scenario.startDate).toISOString()}`,
    )
    await user.connect()
    for (const step of scenario.life) if (step.at !== null) timeline.at(step.at, () => happen(step))
    for (const action of scenario.actions) timeline.at(action.at, () => user.act(action))
    for (const { spell, from, to } of scenario.spells) {
      timeline.at(from, () => story.tell(() => `SPELL: ${spellOf(spell)}`))
      timeline.at(to, () => story.tell(() => `SPELL over: ${spellOf(spell)}`))
    }
    await timeline.run(scenario.calmAt, isFine)
  }

  async function calm(): Promise<void> {
    story.tell(() => "CALM: from now on nothing fails")
    chance.calm()
    partner.rest()
    host.findAlarm()
    await user.heal()
    if (user.deletedAt !== null) return deleted()
    await rest("everything comes to rest", () => isQuiet())
    await replay()
    const shownBy = partner.shownBy() - scenario.skewMs
    await rest("a clean run has passed", () => isQuiet() && (watch.lastReadRun ?? 0) >= shownBy)
    if (failures.length === 0) await reckon()
    if (failures.length === 0) await idle()
  }

  /** Faults that are over by now have no say any more; what does not come to rest now never will. */
  async function rest(what: string, isReached: () => boolean): Promise<void> {
    const interval = user.configuration.intervalHours * HOUR
    const latest = timeline.now() + 3 * interval + DAY
    await timeline.run(latest, () => isFine() && !isReached())
    if (isFine() && !isReached())
      failures.push(`stuck: not so after ${(latest - scenario.calmAt) / HOUR} h: ${what}: ${stateOf()}`)
  }

  function isQuiet(): boolean {
    const { state } = watch
    if (!state || host.disk.outbox.size > 0 || queues.busy() > 0) return false
    const isIdle = state.run === null && state.others.length === 0 && state.passes.every(isAside)
    return isIdle && state.delivery.state === "ok" && state.configuration.version === user.configuration.version
  }

  function stateOf(): string {
    const { state } = watch
    if (!state) return "no state"
    const { run, others, passes, delivery, error, wakes, claim, waits, alarmAt, nextRunAt } = state
    return JSON.stringify({
      now: timeline.now(),
      run,
      others,
      passes,
      delivery,
      error,
      wakes,
      claim,
      waits,
      alarmAt,
      nextRunAt,
      live: state.live,
      outbox: host.disk.outbox.size,
    })
  }

  /** What was refused while the destination refused everything is sent again, as its user would. */
  async function replay(): Promise<void> {
    const entries = await quarantined()
    const good = entries.filter(({ body }) => !JSON.stringify(body).includes(POISON)).map(({ id }) => id)
    if (good.length === 0) return
    if (network.needlessRefusals === 0) return void failures.push(`${good.length} good items are in quarantine`)
    // A key that was pasted meanwhile is tried as if nothing had been refused before.
    const keys = scenario.actions.filter(({ action }) => action === "new_destination_key").length
    const outages = keys + scenario.spells.filter(({ spell }) => spell === "destination_refuses_all").length
    if (good.length >= REFUSED_TOGETHER * outages)
      failures.push(`${good.length} good items went into quarantine, one by one`)
    await ask("replay", host.call("user", "replay", good))
    await rest("what was replayed is delivered", isQuiet)
  }

  /** What was asked for, generously; what loops asks for more. */
  function budget(): void {
    const lost = scenario.actions.filter(({ action }) => action === "roll_key").length
    // A renewal that was overtaken by a sign-in may be found a reuse, which ends the new access token too.
    const once = chance.struck.filter((name) => /^(partner_unauthorized|token_overtaken)/.test(name)).length
    const most = CALLS_WITH_A_LOST_KEY * lost + once
    if (network.unauthorized > most)
      failures.push(`${network.unauthorized} calls were made with a key that was not accepted`)
    const calls = callBudget()
    if (network.partnerCalls > calls) failures.push(`${network.partnerCalls} partner calls, where ${calls} would do`)
  }

  /**
   * Each run asks once and for each page of what is new, some of it twice (the lookback), with what completes a page; each pass reads
   * its lists; what strikes costs a page asked for again, and a user's change may have a window read anew.
   */
  function callBudget(): number {
    const { ids } = watch.state ?? { ids: { run: 0, pass: 0 } }
    const { feed, lists } = partner.pages(scenario.pageSize)
    const page = partner.callsOfAPage
    const isDown = scenario.spells.some(({ spell }) => spell === "partner_down" || spell === "partner_forbids")
    const tries = isDown ? ids.run * TRIES_A_RUN * sliced.streams.length : 0
    return (
      tries +
      network.turnedAway +
      ids.run +
      2 * page * feed +
      ids.pass * lists +
      page * chance.struck.length +
      feed * scenario.actions.length
    )
  }

  async function reckon(): Promise<void> {
    const view = await ask("view", host.call("user", "view"))
    const runs = await ask("runs", host.call("user", "runs", { limit: 200, cursor: null }))
    if (!view.ok || !runs.ok) throw new Violation("the source does not answer its user")
    const { configuration, switchedOff } = user
    const outcome = {
      ledger: partner.ledger,
      received: network.intempt.received,
      view: view.view as SourceView,
      runs: runs.runs as RunView[],
      quarantine: await quarantined(),
      startDate: configuration.startDate,
      chosen: new Set(configuration.collections.map(({ name }) => name)),
      switchedOff,
      connectedFrom: configuration.connectedAt,
      skewMs: scenario.skewMs,
      resyncs: watch.resyncs,
      excused: watch.excused,
      wasSmooth:
        scenario.actions.length + scenario.spells.length === 0 && chance.struck.every((name) => SMOOTH.test(name)),
    }
    failures.push(...faultsOf(outcome))
    budget()
  }

  /** A sync that finds nothing costs one call and forwards nothing. */
  async function idle(): Promise<void> {
    const { partnerCalls } = network
    const items = network.intempt.received.length
    const before = watch.lastReadRun ?? 0
    await rest("an idle run has passed", () => isQuiet() && (watch.lastReadRun ?? 0) > before)
    if (network.partnerCalls - partnerCalls > 1)
      failures.push(`an idle run cost ${network.partnerCalls - partnerCalls} partner calls`)
    if (network.intempt.received.length > items) failures.push("an idle run forwarded something")
  }

  async function deleted(): Promise<void> {
    await timeline.run(timeline.now() + 12 * HOUR, isFine)
    const { erasedAt } = watch
    if (erasedAt === null) return void failures.push("the source was deleted, its object is not erased")
    const late = network.intempt.received.filter(({ at }) => at > erasedAt + AFTER_DELETION_MS)
    if (late.length > 0) failures.push(`${late.length} items arrived after the deletion`)
    const { disk } = host
    const rows = disk.outbox.size + Object.values(disk.tables).reduce((sum, table) => sum + table.size, 0)
    if (rows > 0 || disk.alarm !== null) failures.push("a deleted source has rows or an alarm")
    const isKnown = tokens.grant !== null && tokens.grant === user.configuration.grant?.id
    if (kind.takesBack && isKnown && erasures < REVOKED_IN_TRIES && partner.oauth.isInstalled())
      failures.push("a deleted source has not given its grant back")
  }

  async function quarantined(): Promise<QuarantineEntry[]> {
    const answer = await ask("quarantine", host.call("user", "quarantine", { limit: 1000, cursor: null }))
    return answer.ok ? (answer.entries as QuarantineEntry[]) : []
  }

  async function ask<M extends Method>(_method: M, asked: Promise<Result<M>>): Promise<Result<M>> {
    let answer: Result<M> | undefined
    asked.then((result) => {
      answer = result
    }, fail)
    await timeline.run(timeline.now() + HOUR, () => failures.length === 0 && answer === undefined)
    if (answer === undefined) throw new Violation("the source does not answer")
    return answer
  }
}

function randomOf(chance: Chance): Random {
  let ids = 0
  return { next: () => chance.draw("random"), id: (prefix) => `${prefix}_${++ids}` }
}

/** What the user switched off waits for being switched on again. */
function isAside(pass: Pass): boolean {
  return pass.slices.every(({ state }) => state === "read" || state === "off")
}

function slicesIn(state: State | null) {
  return state === null ? [] : slicesOf(state)
}

/** Stripe's seeds are those of a pasted key; Shopify's have both. */
function usualAuth(partner: PartnerName): Auth {
  return partner === "stripe" ? "key" : "either"
}
