/** The parts that a long list is cut into, at every commit: they lie apart, the newest is read first, and what one is told is so for all. */
import type { Slice } from "../../src/source/state/slices.ts"
import type { State } from "../../src/source/state/state.ts"
import { Violation } from "./story.ts"

/** No second is two parts', and a list that was denied is asked by none of them. */
export function assertPartsApart(state: State): void {
  for (const parts of listsOf(state)) {
    for (const [index, part] of parts.entries()) {
      const below = parts[index + 1]
      if (below && (part.window.from ?? Number.NEGATIVE_INFINITY) < (below.top ?? 0))
        throw new Violation(`${part.id} and ${below.id} are to read the same`)
    }
    const denied = parts.find(({ state: is }) => is === "denied")
    const asking = parts.find(({ state: is }) => is === "reading")
    if (denied && asking) throw new Violation(`${asking.id} is read on, though ${denied.id} was denied`)
  }
}

/** What a list is cut into makes up what was to be read of it. */
export function assertWholeWhenCut(last: State, next: State): void {
  const before = new Map(last.backfills.map(({ id, slices }) => [id, slices]))
  for (const { id, slices } of next.backfills) {
    const was = before.get(id)
    const cut = was ? slices.filter((part) => part.isPart && was.every((one) => one.id !== part.id)) : []
    for (const part of cut) {
      const isOf = (one: Slice) => one.stream === part.stream && one.collections.join() === part.collections.join()
      const whole = was?.filter(isOf) ?? []
      // Split off, since the user wants but one of its collections any more.
      if (whole.length === 0) continue
      const { from, to } = part.window
      const isBelow = slices.some((one) => one !== part && isOf(one) && one.window.from === to)
      const isAbove = slices.some((one) => one !== part && isOf(one) && one.window.to === from)
      if (!isBelow || !(isAbove || whole.some(({ window }) => window.from === from)))
        throw new Violation(`${part.id} does not join on to what it was cut from`)
    }
  }
}

/** A part is given out only where none above it waits for a consumer: but for the first page of what is older than the range. */
export function assertNewestFirst(last: State, next: State, now: number): void {
  const leases = new Map(listsOf(last).flatMap((parts) => parts.map(({ id, lease }) => [id, lease?.number])))
  for (const parts of listsOf(next)) {
    const given = parts.findIndex(({ id, lease }) => lease && leases.has(id) && lease.number !== leases.get(id))
    const above = parts.slice(0, Math.max(0, given)).find((part) => mayBeGiven(part, now))
    if (above && !isFirstBelowRange(parts[given]))
      throw new Violation(`${parts[given]?.id} was given out before ${above.id}, which is newer`)
  }
}

/** Of what could not be read before, one part is tried at a time. */
function mayBeGiven({ state, lease, notBefore, stuck }: Slice, now: number): boolean {
  return state === "reading" && stuck === null && notBefore <= now && (lease === null || lease.until <= now)
}

/** Unread, newest first. */
function listsOf({ backfills }: State): Slice[][] {
  const lists = new Map<string, Slice[]>()
  for (const { id, slices } of backfills)
    for (const slice of slices) {
      if (!slice.isPart || slice.state === "read") continue
      const key = [id, slice.stream, ...slice.collections, slice.range?.from].join("|")
      lists.set(key, [...(lists.get(key) ?? []), slice])
    }
  return [...lists.values()].map((parts) => parts.sort((one, other) => (other.top ?? 0) - (one.top ?? 0)))
}

/** It tells how far down the list reaches. */
function isFirstBelowRange(part: Slice | undefined): boolean {
  return part?.page === 0 && part.edge === null && (part.top ?? 0) <= (part.range?.from ?? 0)
}
