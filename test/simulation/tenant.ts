/** One source of one project: its Durable Object, its user, its partner's account and its destination, over the shipped modules. */
import type { ExchangePorts } from "../../src/http/exchange.ts"
import { tokensPort } from "../../src/oauth/tokens.ts"
import { tryCredential } from "../../src/pipeline/try-credential.ts"
import type { Http, Random } from "../../src/ports.ts"
import type { State } from "../../src/source/state/state.ts"
import { hashText } from "../sandbox/random.ts"
import { type Left, leftBy } from "./again.ts"
import { createAlarmBound } from "./bounds.ts"
import type { Chance } from "./chance.ts"
import type { Life, Queues } from "./consumers.ts"
import { type SpellName, spellOf } from "./faults.ts"
import { createNetwork, type Network } from "./network.ts"
import { CIPHER, createHost, type Host } from "./object.ts"
import type { PartnerAccount, PartnerKind } from "./partner.ts"
import { createRefusalWatch } from "./refusals.ts"
import type { Scenario } from "./scenario.ts"
import { type Story, Violation } from "./story.ts"
import type { Timeline } from "./timeline.ts"
import { createTokenWatch, type TokenWatch } from "./tokens.ts"
import { createUser, type User } from "./user.ts"
import { createWatch, slicesOf, type Watch } from "./watch.ts"

const DAY = 86_400_000
/** The object's own clock stands ahead by so much for a while. */
const CLOCK_STEP_MS = 30 * DAY

/** What all sources of a simulation share. */
export interface Shared {
  timeline: Timeline
  story: Story
  failures: string[]
  fail(error: unknown): void
  queues(): Queues
  /** To whichever partner or destination the address belongs. */
  httpOf(life: Life): Http
}

/** Names under which the source is known. */
export interface Ref {
  org: string
  project: string
  source: string
}

export interface TenantParts {
  shared: Shared
  ref: Ref
  kind: PartnerKind
  scenario: Scenario
  chance: Chance
  random: Random
}

export interface Tenant {
  kind: PartnerKind
  scenario: Scenario
  chance: Chance
  connector: ReturnType<PartnerKind["connector"]>
  partner: PartnerAccount
  /** The one at work; it is another after the user has made the source again. */
  source: Source
  /** The one that was deleted before. */
  former: Source | null
  /** By the name that wake-ups have for it. */
  hostOf(name: string): Host | null
  tokens: TokenWatch
  network: Network
  user: User
  /** The source is connected, and what is planned will happen. */
  begin(): Promise<void>
}

/** One source over its whole life. */
export interface Source {
  ref: Ref
  name: string
  host: Host
  watch: Watch
  /** What it had done when it was deleted. */
  left: Left | null
  /** How often it was asked to erase itself. */
  erasures: number
}

export function createTenant({ shared, ref, kind, scenario, chance, random }: TenantParts): Tenant {
  const { timeline, story, failures, fail } = shared
  const name = `${ref.org}/${ref.project}/${ref.source}`
  const place = {
    ...{ org: ref.org, project: ref.project, sourceId: `1${String(hashText(name)).padStart(18, "0")}` },
    key: { prefix: ref.project, secret: ref.source },
  }
  const partnerNow = () => timeline.now() + scenario.skewMs
  const partner = kind.open(scenario, partnerNow)
  const sliced = kind.connector(scenario.pageSize)
  const connector = (wanted: string) => (wanted === sliced.name ? sliced : undefined)
  const guarded =
    <A extends unknown[]>(work: (...args: A) => void) =>
    (...args: A) => {
      try {
        work(...args)
      } catch (error) {
        fail(error)
      }
    }
  const isOn = (spell: SpellName) =>
    scenario.spells.some((one) => one.spell === spell && one.from <= timeline.now() && timeline.now() < one.to)
  const offMs = () => (isOn("clock_steps") ? CLOCK_STEP_MS : 0)
  const tokens = createTokenWatch({
    now: timeline.now,
    objectNow: () => timeline.now() + offMs(),
    grants: partner.oauth.grants,
    repeatsMs: kind.repeatsRefreshMs ?? 0,
    isOver: () => user.deletedAt !== null || user.isBetween,
    failedCommits: () => chance.struck.filter((fault) => fault.startsWith("commit_")).length,
  })
  const refusals = createRefusalWatch(() => timeline.now() + offMs())
  /** What the object itself asks the partner: renewals, and whether a credential is accepted again. */
  const outside: ExchangePorts = {
    clock: {
      now: timeline.now,
      sleep: (ms) => new Promise((done) => timeline.after(ms, done)),
      timeout: timeline.timeout,
    },
    http: (url, init) => shared.httpOf({ name: "source", alive: true })(url, init),
  }
  const sources: Source[] = []
  const current = () => sources.at(-1) as Source
  open(ref)
  let answers = 0
  const network: Network = createNetwork({
    timeline,
    chance,
    story,
    partner,
    partnerNow,
    pageSize: scenario.pageSize,
    place,
    isStormy: () => timeline.now() < scenario.calmAt,
    isOn,
    posting: guarded((ids) => watchOf(ids).posting(ids)),
    posted: (ids) => watchOf(ids).posted(ids),
    taken: guarded((body, ids) => watchOf(ids).deliveries.taken(body)),
    tokens: {
      used: guarded((call) => {
        refusals.called()
        tokens.used(call)
      }),
      refused: guarded((call) => {
        refusals.refused(call)
        tokens.refused(call)
      }),
      asked: guarded(tokens.asked),
      renewed: guarded(tokens.renewed),
      lost: guarded(tokens.lost),
    },
    signInAgain: () => user.signInAgain(),
    partnerAnswered: () => {
      answers++
      for (const step of scenario.life) if (step.request === answers) live(step)
    },
  })
  const user: User = createUser({
    timeline,
    chance,
    story,
    scenario,
    partner,
    source: current,
    make: open,
    partnerNow,
    place,
    hasTrouble: () => {
      const { watch } = current()
      return watch.state?.error != null || slicesIn(watch).some(({ state }) => state === "denied")
    },
    collections: sliced.collections,
    tokens,
    connector: sliced,
  })
  const tenant = { kind, scenario, chance, connector: sliced, partner, tokens, network, user }
  return {
    ...{ ...tenant, begin },
    get source() {
      return current()
    },
    get former() {
      return sources.at(-2) ?? null
    },
    hostOf: (wanted) => sources.find((source) => source.name === wanted)?.host ?? null,
  }

  /** A fresh object under another name; one that was before it is deleted. */
  function open(its: Ref): Source {
    const { left = null, watch: last } = sources.at(-1) ?? {}
    const alarms = createAlarmBound(timeline.now)
    const name = `${its.org}/${its.project}/${its.source}`
    const watch: Watch = createWatch({
      now: timeline.now,
      objectNow: () => timeline.now() + offMs(),
      isRinging: () => host.isRinging(),
      story,
      scope: its.source,
      former: left && last ? { left, deliveries: last.deliveries, resyncs: last.resyncs } : null,
    })
    const host: Host = createHost({
      timeline,
      chance,
      story,
      offMs,
      isNewer: () => isOn("newer_code"),
      rang: guarded(alarms.rang),
      committed: guarded((disk, before, changes) => {
        const hadError = watch.state?.error != null
        watch.committed(disk, before, changes)
        if (source !== current()) return
        tokens.committed(watch.state)
        refusals.committed(watch.state)
        if (watch.state?.error && !hadError) user.seesError()
      }),
      renewed: ({ access }) => tokens.arrived(access),
      turnedDown: tokens.turnedDown,
      calling: (call) => {
        if (call?.method === "erase") {
          source.erasures++
          source.left = leftIn(host, watch) ?? source.left
        }
        watch.calling(call)
      },
      carriedOut: guarded(watch.carriedOut),
      ports: {
        random,
        connector,
        log: (event, fields) => story.tell(() => `source: ${event} ${JSON.stringify(fields)}`),
        tryCredential: (ask) => tryCredential(outside, sliced, ask),
        tokens: tokensPort({
          ...outside,
          cipher: CIPHER,
          connector,
          client: async () => (isOn("client_missing") ? null : partner.oauth.client),
        }),
        wake: (lane) => shared.queues().send(lane, name),
        publish: () => {
          if (chance.strikes("publish_fails")) throw new Error("D1 is not there")
        },
      },
    })
    const source: Source = { ref: its, name, host, watch, left: null, erasures: 0 }
    sources.push(source)
    return source
  }

  function leftIn({ disk }: Host, { state }: Watch): Left | null {
    return state && disk.core !== null ? leftBy(JSON.parse(disk.core) as State, disk, sliced, timeline.now()) : null
  }

  /** Every item's id begins with the id of its source. */
  function watchOf(ids: readonly string[]): Watch {
    const scope = ids[0]?.split("/")[0]
    return (sources.find((source) => source.ref.source === scope) ?? current()).watch
  }

  async function begin(): Promise<void> {
    story.tell(
      () =>
        `${kind.title} is connected: pages of ${scenario.pageSize}, every ${scenario.intervalHours} h, from ${new Date(scenario.startDate).toISOString()}`,
    )
    await user.connect()
    for (const step of scenario.life) if (step.at !== null) timeline.at(step.at, () => live(step))
    for (const action of scenario.actions) timeline.at(action.at, () => user.act(action))
    for (const { spell, from, to } of scenario.spells) {
      timeline.at(from, () => story.tell(() => `SPELL: ${spellOf(spell)}`))
      timeline.at(to, () => story.tell(() => `SPELL over: ${spellOf(spell)}`))
    }
  }

  function live({ life, roll }: Scenario["life"][number]): void {
    if (timeline.now() > scenario.calmAt || failures.length > 0) return
    const what = partner.live(life, roll)
    story.tell(() => `${kind.title.toUpperCase()}: ${what}`)
  }
}

function slicesIn({ state }: Watch) {
  return state === null ? [] : slicesOf(state)
}

/** Seen by the simulator alone: a rule that the sources broke. */
export function messageOf(error: unknown): string {
  if (error instanceof Violation) return error.message
  return error instanceof Error ? `${error.stack}` : String(error)
}
