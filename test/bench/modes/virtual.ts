/** Time that passes only while everything under way waits for it: hours of waiting cost nothing, and come out the same each time. */
import { setImmediate as turn } from "node:timers/promises"
import type { Clock } from "../../../src/ports.ts"

export interface VirtualTime {
  clock: Clock
  /** Begins a piece of work, beside all others. */
  start(work: () => Promise<void>): void
  /** Lets time pass until `isOver`, which is asked whenever nothing is under way. `alarm` is what rings at a time of its own. */
  run(isOver: () => Promise<boolean>, alarm: Alarm): Promise<void>
}

export interface Alarm {
  at(): number | null
  ring(): Promise<void>
}

interface Sleeper {
  at: number
  wake(): void
}

/** Turns of the event loop without a step of anything that is under way: nothing outside this process is waited for. */
const QUIET_TURNS = 5

export function virtualTime(start: number): VirtualTime {
  let now = start
  let sleepers: Sleeper[] = []
  let working = 0
  let failure: { error: unknown } | null = null

  const clock: Clock = {
    now: () => now,
    sleep: (ms) =>
      new Promise<void>((wake) => {
        sleepers.push({ at: now + ms, wake })
      }),
    // Whatever answers here answers in time.
    timeout: () => new AbortController().signal,
  }
  const begin = (work: () => Promise<void>) => {
    working++
    void work()
      .catch((error: unknown) => {
        failure = { error }
      })
      .finally(() => {
        working--
      })
  }
  const settle = async () => {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet++) await turn()
    if (failure) throw failure.error
  }
  return {
    clock,
    start: begin,
    async run(isOver, alarm) {
      for (await settle(); working > 0 || !(await isOver()); await settle()) {
        const [first] = sleepers.sort((one, other) => one.at - other.at)
        const rings = alarm.at()
        if (rings !== null && (!first || rings <= first.at)) {
          now = Math.max(now, rings)
          begin(() => alarm.ring())
        } else if (first) {
          now = Math.max(now, first.at)
          sleepers = sleepers.slice(1)
          first.wake()
        } else throw new Error(`nothing is left to wait for, and ${working} at work`)
      }
    },
  }
}
