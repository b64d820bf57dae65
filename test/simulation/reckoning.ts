/** The calm after the storm, for one source: nothing fails any more, the user puts right what a user can, and then it is reckoned up. */
import type { QuarantineEntry, RunView, SourceView } from "../../src/source/protocol/views.ts"
import type { Backfill } from "../../src/source/state/slices.ts"
import type { Received } from "../sandbox/intempt/track.ts"
import { POISON } from "./faults.ts"
import type { Method, Result } from "./object.ts"
import { faultsOf } from "./oracle.ts"
import { DAY, HOUR } from "./scenario.ts"
import { Violation } from "./story.ts"
import type { Shared, Source, Tenant } from "./tenant.ts"

/** Of one slice, while its partner is down. */
const TRIES_A_RUN = 8
/** A partner's clock that is further off is believed once several answers agree; until then each stream asks so often at most. */
const CLOCK_BELIEVED_MS = 60_000
const TRIES_TO_LEARN_A_CLOCK = 8
/** While these last, a stream is tried again and again. */
const TRIED_AGAIN = /^(partner_|one_stream_)/
/** What costs time only: no reading fails of it. */
const SMOOTH = /^(partner_limits|destination_|alarm_|wake_|send_|publish_|evicted)/
/** So many items refused in a row are not the items' fault. */
const REFUSED_TOGETHER = 20
/** A rejected key is tried by what is under way, and then no more. */
const CALLS_WITH_A_LOST_KEY = 8
const AFTER_DELETION_MS = 60_000
/** A grant that cannot be given back in so many is left to lapse. */
const REVOKED_IN_TRIES = 5

export interface Reckoning {
  calm(): Promise<void>
}

export function createReckoning(shared: Shared, tenant: Tenant, isWell: () => boolean): Reckoning {
  const { timeline, failures } = shared
  const { kind, scenario, partner, tokens, network, user, chance, connector, source, former } = tenant
  const { watch, host } = source
  return { calm }

  async function calm(): Promise<void> {
    partner.rest()
    host.findAlarm()
    await user.heal()
    if (former && stayedDeleted(former) && former.host.disk.core?.includes("bookmark"))
      failures.push("a deleted source still holds the bookmark that was handed out")
    if (user.deletedAt !== null) return deleted()
    await rest("everything comes to rest", isQuiet)
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
    await timeline.run(latest, () => isWell() && !isReached())
    if (isWell() && !isReached())
      failures.push(`stuck: not so after ${(latest - scenario.calmAt) / HOUR} h: ${what}: ${stateOf()}`)
  }

  function isQuiet(): boolean {
    const { state } = watch
    if (!state || host.disk.outbox.size > 0 || shared.queues().busy() > 0) return false
    const isIdle = state.run === null && state.others.length === 0 && state.backfills.every(isAside)
    return isIdle && state.delivery.state === "ok" && state.configuration.version === user.configuration.version
  }

  function stateOf(): string {
    const { state } = watch
    if (!state) return "no state"
    const { configuration: _configuration, counts: _counts, idle: _idle, token: _token, ...rest } = state
    return JSON.stringify({ now: timeline.now(), ...rest, outbox: host.disk.outbox.size })
  }

  /** What was refused while the destination refused everything is sent again, as its user would. */
  async function replay(): Promise<void> {
    const entries = await quarantined()
    const good = entries
      .filter(({ kind, body }) => kind === "item" && !JSON.stringify(body).includes(POISON))
      .map(({ id }) => id)
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
    const lost = scenario.actions.filter(
      ({ action }) => action === "roll_key" || (action === "make_again" && scenario.signsIn),
    ).length
    // A renewal that was overtaken by a sign-in may be found a reuse, which ends the new access token too.
    const once = chance.struck.filter((name) => /^(partner_unauthorized|token_overtaken)/.test(name)).length
    // A source that stopped tries its key once a day, and each refusal is confirmed by a second call.
    const tries = lost > 0 ? Math.ceil((timeline.now() - scenario.connectAt) / DAY) : 0
    // A 400 or 404 seems to say that the key is accepted: while it is checked, that lets everybody ask again.
    const isMisled = ({ spell }: { spell: string }) => spell === "one_stream_gone"
    const misled =
      chance.struck.filter((name) => /^partner_refuses/.test(name)).length + scenario.spells.filter(isMisled).length
    const most = CALLS_WITH_A_LOST_KEY * (lost > 0 ? lost + misled : 0) + 2 * once + tries
    if (network.unauthorized > most)
      failures.push(`${network.unauthorized} calls were made with a key that was not accepted`)
    const calls = callBudget() + tries
    if (network.partnerCalls > calls) failures.push(`${network.partnerCalls} partner calls, where ${calls} would do`)
  }

  /**
   * Each run asks once and for each page of what is new, some of it twice (the lookback), with what completes a page; each backfill reads
   * its lists; what strikes costs a page asked for again, and a user's change may have a window read anew.
   */
  function callBudget(): number {
    const ids = { ...(watch.state?.ids ?? { run: 0, backfill: 0 }) }
    ids.run += former?.left?.ids.run ?? 0
    ids.backfill += former?.left?.ids.backfill ?? 0
    const { feed, lists } = partner.pages(scenario.pageSize)
    const page = partner.callsOfAPage
    const isDown = partner.cursed != null || scenario.spells.some(({ spell }) => TRIED_AGAIN.test(spell))
    const tries = isDown ? ids.run * TRIES_A_RUN * connector.streams.length : 0
    const isOff = Math.abs(scenario.skewMs) > CLOCK_BELIEVED_MS
    const learning = isOff ? TRIES_TO_LEARN_A_CLOCK * connector.streams.length : 0
    return (
      tries +
      learning +
      network.turnedAway +
      ids.run * partner.callsOfARun +
      2 * page * feed +
      ids.backfill * lists +
      page * chance.struck.length +
      feed * scenario.actions.length
    )
  }

  async function reckon(): Promise<void> {
    const view = await ask("view", host.call("user", "view"))
    const runs = await ask("runs", host.call("user", "runs", { limit: 200, cursor: null }))
    if (!view.ok || !runs.ok) throw new Violation("the source does not answer its user")
    const { configuration, switchedOff, discarded } = user
    const excusedItems = [former, source].flatMap((one) => (one ? [...one.watch.deliveries.excused] : []))
    const outcome = {
      scope: source.ref.source,
      wasMadeAgain: former !== null,
      ledger: partner.ledger,
      received: network.intempt.received,
      view: view.view as SourceView,
      runs: [...(runs.runs as RunView[]), ...(former?.left?.runs ?? [])],
      quarantine: await quarantined(),
      discarded,
      cursed: partner.cursed ?? null,
      identity: configuration.identity,
      startDate: configuration.startDate,
      chosen: new Set(configuration.collections.map(({ name }) => name)),
      switchedOff,
      connectedFrom: user.connectedFrom,
      skewMs: scenario.skewMs,
      resyncs: watch.resyncs,
      excused: watch.excused,
      wasListed: (arrival: Received) =>
        [former, source].some((one) => one?.watch.deliveries.wasListed(arrival) === true),
      excusedItems: new Map(excusedItems),
      wasSmooth:
        scenario.actions.length + scenario.spells.length === 0 &&
        partner.cursed == null &&
        chance.struck.every((name) => SMOOTH.test(name)),
    }
    failures.push(...faultsOf(outcome))
    budget()
  }

  /** A sync that finds nothing costs one call a live stream and forwards nothing. */
  async function idle(): Promise<void> {
    // The run that finds allowed again what was denied so far has a backfill read it: none of the two is idle.
    if (wasDenied()) await runPasses("a run that reads what was denied has passed")
    const { partnerCalls } = network
    const items = network.intempt.received.length
    await runPasses("an idle run has passed")
    if (network.partnerCalls - partnerCalls > partner.callsOfARun)
      failures.push(`an idle run cost ${network.partnerCalls - partnerCalls} partner calls`)
    if (network.intempt.received.length > items) failures.push("an idle run forwarded something")
  }

  function wasDenied(): boolean {
    return Object.keys(watch.state?.denied ?? {}).length > 0
  }

  async function runPasses(what: string): Promise<void> {
    const before = watch.lastReadRun ?? 0
    await rest(what, () => isQuiet() && (watch.lastReadRun ?? 0) > before)
  }

  async function deleted(): Promise<void> {
    await timeline.run(timeline.now() + 12 * HOUR, isWell)
    if (!stayedDeleted(source)) return
    const isKnown = tokens.grant !== null && tokens.grant === user.configuration.grant?.id
    if (kind.takesBack && isKnown && source.erasures < REVOKED_IN_TRIES && partner.oauth.isInstalled())
      failures.push("a deleted source has not given its grant back")
  }

  /** Nothing of it is left, and nothing of it arrives any more. */
  function stayedDeleted({ ref, watch: { erasedAt }, host: { disk } }: Source): boolean {
    if (erasedAt === null) return failures.push("the source was deleted, its object is not erased") === 0
    const late = network.intempt.received.filter(
      ({ at, eventId }) => at > erasedAt + AFTER_DELETION_MS && String(eventId).startsWith(`${ref.source}/`),
    )
    if (late.length > 0) failures.push(`${late.length} items arrived after the deletion`)
    const rows = disk.outbox.size + Object.values(disk.tables).reduce((sum, table) => sum + table.size, 0)
    if (rows > 0 || disk.alarm !== null) failures.push("a deleted source has rows or an alarm")
    return true
  }

  async function quarantined(): Promise<QuarantineEntry[]> {
    const answer = await ask("quarantine", host.call("user", "quarantine", { limit: 1000, cursor: null }))
    return answer.ok ? (answer.entries as QuarantineEntry[]) : []
  }

  async function ask<M extends Method>(_method: M, asked: Promise<Result<M>>): Promise<Result<M>> {
    let answer: Result<M> | undefined
    asked.then((result) => {
      answer = result
    }, shared.fail)
    await timeline.run(timeline.now() + HOUR, () => failures.length === 0 && answer === undefined)
    if (answer === undefined) throw new Violation("the source does not answer")
    return answer
  }
}

/** What the user switched off waits for being switched on again. */
function isAside(backfill: Backfill): boolean {
  return backfill.slices.every(({ state }) => state === "read" || state === "off")
}
