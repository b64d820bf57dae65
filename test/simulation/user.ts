/** The user and D1: what is wanted of the source, told to its Durable Object, and told again by the watchdog until it has heard. */
import type { AnyConnector } from "../../src/connectors/kit/define.ts"
import { oauthOf, sealTokens } from "../../src/oauth/tokens.ts"
import type { CollectionChoice, Configuration, GrantConfig } from "../../src/source/protocol/configuration.ts"
import type { QuarantineEntry } from "../../src/source/protocol/views.ts"
import type { Chance } from "./chance.ts"
import type { Place } from "./network.ts"
import { CIPHER, seal } from "./object.ts"
import type { PartnerAccount } from "./partner.ts"
import { createRemaking } from "./remaking.ts"
import { type Action, type ActionName, DAY, HOUR, type Scenario } from "./scenario.ts"
import { type Story, stampOf } from "./story.ts"
import type { Ref, Source } from "./tenant.ts"
import type { Timeline } from "./timeline.ts"
import type { TokenWatch } from "./tokens.ts"

export const REF = { org: "acme", project: "shop", source: "src_simulated" }
const WATCH_EVERY_MS = 6 * HOUR
const WATCH_SOON_MS = 60_000
const WATCH_AGAIN_MS = 300_000
const SEEN_SOON_MS = 60_000
/** More than there may be backfills. */
const RESYNCS_OFTEN = 40
/** Twenty copies of one bad item, and nothing else, look like a destination that refuses everything, until a good one comes. */
const RESYNCS_OF_BAD_ITEMS = 10
const RESYNC_AGAIN_MS = 61_000
/** What a user may add to a row: paths that some records have and others have not. */
const FIELDS: readonly CollectionChoice["fields"][] = [{ mark: "metadata.n" }, { origin: "id", mark: "note" }, {}]

export interface User {
  configuration: Configuration
  /** Collections that were switched off at any time. */
  switchedOff: Set<string>
  /** Quarantined items that the user gave up. */
  discarded: QuarantineEntry[]
  /** Epoch ms, our clock. */
  deletedAt: number | null
  /** The source is deleted, and the one that goes on from it not made yet. */
  isBetween: boolean
  /** Partner time from which on live reading has read. */
  connectedFrom: number
  connect(): Promise<void>
  act(action: Action): void
  /** Puts right all that a user can put right; from now on nothing is lost on the way. */
  heal(): Promise<void>
  /** With a pasted key it is nothing. */
  signInAgain(): void
  /** The source says that its user must do something. */
  seesError(): void
}

export interface UserParts {
  timeline: Timeline
  chance: Chance
  story: Story
  scenario: Scenario
  partner: PartnerAccount
  source(): Source
  /** A fresh source in place of the one that was deleted. */
  make(ref: Ref): Source
  place: Place
  collections: readonly { name: string; kind: "event" | "object" }[]
  partnerNow(): number
  /** The source says that it cannot read something. */
  hasTrouble(): boolean
  tokens: Pick<TokenWatch, "signedIn" | "takenAway">
  connector: AnyConnector
}

export function createUser({
  timeline,
  chance,
  story,
  scenario,
  partner,
  source,
  make,
  place,
  collections,
  partnerNow,
  hasTrouble,
  tokens,
  connector,
}: UserParts): User {
  const names = collections.map(({ name }) => name)
  const events = collections.filter(({ kind }) => kind === "event").map(({ name }) => name)
  const host = () => source().host
  const user: User = {
    configuration: {
      ...source().ref,
      version: 1,
      connector: connector.name,
      config: partner.config,
      account: partner.account,
      identity: scenario.identity,
      collections: names.filter((name) => !scenario.startsWithout.has(name)).map((name) => ({ name, fields: {} })),
      startDate: scenario.startDate,
      intervalHours: scenario.intervalHours,
      active: true,
      credential: scenario.signsIn ? null : sealedKey(),
      credentialVersion: 1,
      destination: destination(),
      destinationVersion: 1,
      connectedAt: 1000 * Math.floor(partnerNow() / 1000),
    },
    switchedOff: new Set(scenario.startsWithout),
    discarded: [],
    deletedAt: null,
    isBetween: false,
    connectedFrom: 1000 * Math.floor(partnerNow() / 1000),
    async connect() {
      if (scenario.signsIn) user.configuration.grant = await signIn()
      tell(WATCH_SOON_MS)
      timeline.after(WATCH_EVERY_MS, watch)
    },
    act(action) {
      if (user.deletedAt !== null) return
      story.tell(() => `USER: ${action.action} until ${stampOf(action.until)}`)
      ACTS[action.action](action)
    },
    async heal() {
      isHealed = true
      if (user.deletedAt !== null) return
      if (scenario.signsIn) {
        const { destinationVersion } = user.configuration
        change({ active: true, destinationVersion: destinationVersion + 1 })
        if (hasTrouble() || !partner.oauth.isInstalled()) await enter()
        return
      }
      const { credentialVersion, destinationVersion } = user.configuration
      const credential = sealedKey()
      const isStale = credential !== user.configuration.credential || hasTrouble()
      change({
        active: true,
        credential,
        credentialVersion: credentialVersion + (isStale ? 1 : 0),
        destinationVersion: destinationVersion + 1,
      })
    },
    signInAgain() {
      if (isAway()) return
      story.tell(() => "USER: signs in again")
      void enter()
    },
    seesError() {
      if (!scenario.signsIn) return
      // An answer that was lost before may be noticed only now.
      if (isHealed) return timeline.after(SEEN_SOON_MS, () => void enter())
      if (chance.draw("seen") < 0.4) return
      timeline.after(chance.int("seen", SEEN_SOON_MS, 3 * HOUR), () => user.signInAgain())
    },
  }
  let isHealed = false
  let grants = 0
  const isAway = () => isHealed || user.deletedAt !== null
  const makeAgain = createRemaking({
    ...{ timeline, chance, story, scenario, user, source, make, names, partnerNow, isAway },
    ...{ destination, sealedKey, signIn, tell: () => tell(WATCH_SOON_MS) },
  })
  // biome-ignore format: one line a thing that users do
  const ACTS: Record<ActionName, (action: Action) => void> = {
    sync_now: ({ roll }) => { ask("syncNow"); timeline.after(roll % 70_000, () => ask("syncNow")) },
    watch: () => ask("view"),
    pause: ({ until }) => { change({ active: false }); timeline.at(until, () => change({ active: true })) },
    interval: ({ roll }) => change({ intervalHours: 1 + (roll % 24) }),
    start_earlier: ({ roll }) => change({ startDate: Math.min(user.configuration.startDate, pickDay(roll)) }),
    start_later: ({ roll }) => change({ startDate: Math.max(user.configuration.startDate, pickDay(roll)) }),
    switch_off: ({ roll, until }) => {
      // Money is where it hurts most.
      const name = roll % 5 < 2 ? "Charge" : act(roll, names)
      user.switchedOff.add(name)
      toggle(name, false)
      if (roll % 4 > 0) timeline.at(until, () => toggle(name, true))
    },
    switch_briefly: () => {
      user.switchedOff.add("Charge")
      toggle("Charge", false)
      timeline.after(20_000, () => toggle("Charge", true))
    },
    roll_key: ({ until }) => {
      if (scenario.signsIn) {
        partner.oauth.takeAway()
        tokens.takenAway()
        return timeline.at(until, () => user.signInAgain())
      }
      partner.rollKey()
      timeline.at(until, () => change({ credential: sealedKey(), credentialVersion: user.configuration.credentialVersion + 1 }))
    },
    resync_object: () => void host().call("user", "resync", "Customers", null).catch(() => undefined),
    resync_event: ({ roll }) => void host().call("user", "resync", act(roll, events), null).catch(() => undefined),
    new_destination_key: () => change({ destinationVersion: user.configuration.destinationVersion + 1 }),
    switch_on: ({ roll }) => {
      const off = names.filter((name) => !user.configuration.collections.some((choice) => choice.name === name))
      if (off.length > 0) toggle(act(roll, off), true)
    },
    add_fields: ({ roll }) => {
      const fields = FIELDS[roll % FIELDS.length] ?? {}
      change({ collections: user.configuration.collections.map((choice) => ({ ...choice, fields })) })
    },
    discard: ({ roll }) => void withQuarantine(async (entries) => {
      const entry = entries[roll % entries.length]
      if (!entry) return
      // Whether or not its answer arrives.
      user.discarded.push(entry)
      await host().call("user", "discard", entry.id)
    }),
    replay: ({ roll }) => void withQuarantine(async (entries) => {
      const ids = entries.filter(({ kind }) => kind === "item").map(({ id }) => id)
      await host().call("user", "replay", roll % 2 === 0 ? "all" : ids.slice(0, 1 + (roll % 5)))
    }),
    resync_often: ({ roll, until }) => resyncOften(act(roll, names), until),
    make_again: ({ until, roll }) => void makeAgain({ until, roll }),
    delete: () => {
      // A configuration may still be on its way.
      if (chance.draw("race") < 0.7) tell(WATCH_SOON_MS)
      user.deletedAt = timeline.now()
      tell(WATCH_SOON_MS)
    },
  }
  return user

  function sealedKey(): string {
    return seal(partner.key(), `${source().name}#credential`)
  }

  function destination(): Configuration["destination"] {
    const { org, project, sourceId, key } = place
    const sealed = seal(`${key.prefix}.${key.secret}`, `${source().name}#destination`)
    return { org, project, sourceId, key: sealed, owner: source().ref.source }
  }

  /** A new grant, as the browser brings it home. */
  async function signIn(): Promise<GrantConfig> {
    const askedAt = timeline.now()
    const answer = await partner.oauth.signIn()
    const id = `grant_${++grants}`
    tokens.signedIn(id, answer)
    const auth = oauthOf(connector)
    if (!auth) throw new Error(`${connector.name} has no way to sign in`)
    return {
      id,
      tokens: await sealTokens(CIPHER, source().ref, { auth, client: partner.oauth.client }, answer, askedAt),
    }
  }

  async function enter(): Promise<void> {
    const grant = await signIn()
    change({ grant, credentialVersion: user.configuration.credentialVersion + 1 })
  }

  function change(changes: Partial<Configuration>): void {
    if (user.deletedAt !== null) return
    user.configuration = { ...user.configuration, ...changes, version: user.configuration.version + 1 }
    story.tell(() => `D1: version ${user.configuration.version}: ${Object.keys(changes).join(", ")}`)
    tell(WATCH_SOON_MS)
  }

  /** An answer that is lost is asked for again: the user looks at the page until it is there. */
  async function withQuarantine(work: (entries: QuarantineEntry[]) => Promise<void>): Promise<void> {
    try {
      const answer = await host().call("user", "quarantine", { limit: 50, cursor: null })
      if (answer.ok && answer.entries.length > 0) await work(answer.entries as QuarantineEntry[])
    } catch {
      // What was asked for may have been done all the same.
    }
  }

  /** Somebody who is told that nothing can be read, and asks again and again. */
  function resyncOften(name: string, until: number): void {
    let times = 0
    const most = scenario.poison > 0 ? RESYNCS_OF_BAD_ITEMS : RESYNCS_OFTEN
    const again = () => {
      if (++times > most || timeline.now() > until || isAway()) return
      host()
        .call("user", "resync", name, null)
        .catch(() => undefined)
      timeline.after(RESYNC_AGAIN_MS, again)
    }
    again()
  }

  /** Whatever became of the call, the watchdog looks after it. */
  function tell(again: number): void {
    if (user.isBetween) return
    const { configuration } = user
    const repeat = () => timeline.after(again, () => tell(WATCH_AGAIN_MS))
    if (user.deletedAt === null)
      host()
        .call("api", "configure", configuration)
        .then(({ ok }) => ok && forget(configuration), repeat)
    else
      host()
        .call("api", "erase", scenario.signsIn)
        .then(({ ok }) => ok || repeat(), repeat)
  }

  /** Once the Durable Object has the tokens, only it knows the current ones; and it has gone on from the bookmark. */
  function forget(told: Configuration): void {
    const { bookmark: _bookmark, ...rest } = user.configuration
    const { grant } = rest
    if (told.source !== rest.source) return
    user.configuration = grant && told.grant?.id === grant.id ? { ...rest, grant: { ...grant, tokens: null } } : rest
  }

  function watch(): void {
    if (isHealed) return
    tell(WATCH_AGAIN_MS)
    timeline.after(WATCH_EVERY_MS, watch)
  }

  function pickDay(roll: number): number {
    const now = timeline.now()
    return Math.floor((now - (roll % 364) * DAY) / DAY) * DAY
  }

  function ask(method: "view" | "syncNow"): void {
    host()
      .call("user", method)
      .catch(() => undefined)
  }

  function toggle(name: string, isOn: boolean): void {
    const others = user.configuration.collections.filter((choice) => choice.name !== name)
    if (!isOn && others.length === 0) return
    const added: CollectionChoice = { name, fields: {} }
    change({ collections: isOn ? [...others, added] : others })
  }

  function act(roll: number, list: readonly string[]): string {
    return list[roll % list.length] ?? ""
  }
}
