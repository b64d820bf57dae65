/** A user who deletes her source and, a while later, makes one that goes on from where it stopped. */
import type { Configuration, GrantConfig } from "../../src/source/protocol/configuration.ts"
import type { User, UserParts } from "./user.ts"

const ERASED_AGAIN_MS = 60_000
/** For a moment at which the source is busy. */
const LOOKS_EVERY_MS = 300
const LOOKS_MOST = 2_000

export interface RemakingParts
  extends Pick<UserParts, "timeline" | "chance" | "story" | "scenario" | "source" | "make" | "partnerNow"> {
  user: User
  /** Of all collections. */
  names: readonly string[]
  /** The user has no more to do with the source. */
  isAway(): boolean
  destination(): Configuration["destination"]
  sealedKey(): string
  signIn(): Promise<GrantConfig>
  /** What is wanted goes to the source soon. */
  tell(): void
}

/** Once: a third source goes on as the second does. */
export function createRemaking({
  timeline,
  chance,
  story,
  scenario,
  user,
  source,
  make,
  names,
  partnerNow,
  isAway,
  destination,
  sealedKey,
  signIn,
  tell,
}: RemakingParts): (action: { until: number; roll: number }) => Promise<void> {
  let timesMade = 0
  let givingBack: Promise<unknown> = Promise.resolve()
  return makeAgain

  async function makeAgain({ until, roll }: { until: number; roll: number }): Promise<void> {
    if (timesMade++ > 0) return
    await untilBusy(roll)
    if (isAway()) return
    if (chance.draw("race") < 0.5) tell()
    user.isBetween = true
    const bookmark = await eraseFormer()
    await new Promise<void>((done) => timeline.at(until, done))
    user.isBetween = false
    if (user.deletedAt !== null) return
    await makeNew(bookmark, roll)
  }

  /** Where it stopped is known with the first answer; its grant may be given back later. */
  async function eraseFormer(): Promise<Configuration["bookmark"]> {
    const last = source()
    const { ok, bookmark } = await insist(
      () => last.host.call("api", "erase", scenario.signsIn),
      (answer) => answer.ok || answer.bookmark !== undefined,
    )
    if (!ok) timeline.after(ERASED_AGAIN_MS, () => void eraseToTheEnd(last))
    if (bookmark)
      await insist(
        () => last.host.call("api", "bookmarkKept"),
        () => true,
      )
    user.discarded.push(...(last.left?.quarantine ?? []))
    for (const name of last.left?.history ?? []) user.switchedOff.add(name)
    return bookmark
  }

  async function makeNew(bookmark: Configuration["bookmark"], roll: number): Promise<void> {
    // Signed in just before the app is taken away, the new source would lose it with the former one: nobody can prevent that.
    await givingBack
    const last = source()
    const { ref } = make({ ...last.ref, source: `${last.ref.source}_again` })
    const off = names.filter((name) => !user.configuration.collections.some((choice) => choice.name === name))
    const all = names.map((name) => ({ name, fields: {} }))
    const connectedAt = 1000 * Math.floor(partnerNow() / 1000)
    if (!bookmark) user.connectedFrom = connectedAt
    user.configuration = {
      ...{ ...user.configuration, ...ref, version: 1, destination: destination(), destinationVersion: 1, connectedAt },
      ...(off.length > 0 && roll % 2 === 0 && { collections: all }),
      ...{ credential: scenario.signsIn ? null : sealedKey(), credentialVersion: 1, active: true },
      ...(scenario.signsIn && { grant: await signIn() }),
      ...(bookmark && { bookmark }),
    }
    story.tell(() => `USER: makes the source again, as ${ref.source}${bookmark ? "" : ", from the beginning"}`)
    tell()
  }

  /** Of three: one waits for a list that is half read and delivered so far, one for items that wait, one for nothing. */
  async function untilBusy(roll: number): Promise<void> {
    const isBusy = () => {
      const { watch, host: at } = source()
      const slices = watch.state?.backfills.flatMap((backfill) => backfill.slices) ?? []
      if (roll % 3 === 0) return true
      if (roll % 3 === 1) return at.disk.outbox.size > 0
      return at.disk.outbox.size === 0 && slices.some(({ state, edge }) => state === "reading" && edge !== null)
    }
    for (let looks = 0; looks < LOOKS_MOST && !isBusy(); looks++)
      await new Promise<void>((done) => timeline.after(LOOKS_EVERY_MS, done))
  }

  /** A grant is not given back any more once another source reads the account. */
  async function eraseToTheEnd(last: ReturnType<typeof source>): Promise<void> {
    await insist(
      () => {
        const answer = last.host.call("api", "erase", scenario.signsIn && source() === last)
        givingBack = answer.catch(() => null)
        return answer
      },
      ({ ok }) => ok,
    )
  }

  /** Asked again until it is done, as the watchdog does. */
  async function insist<T>(ask: () => Promise<T>, isDone: (answer: T) => boolean): Promise<T> {
    for (;;) {
      const answer = await ask().catch(() => null)
      if (answer !== null && isDone(answer)) return answer
      await new Promise<void>((done) => timeline.after(ERASED_AGAIN_MS, done))
    }
  }
}
