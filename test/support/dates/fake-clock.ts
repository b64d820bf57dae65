import type { Clock } from "../../../src/ports.ts"

export interface FakeClock extends Clock {
  /** Lets time pass: time limits that are reached fire. */
  advance(ms: number): void
  /** What was slept, in order. */
  slept: number[]
}

/** A clock that stands still unless told otherwise; sleeping moves it. */
export function fakeClock(start = Date.UTC(2026, 10, 1)): FakeClock {
  let now = start
  let limits: { at: number; controller: AbortController }[] = []
  const advance = (ms: number) => {
    now += ms
    const due = limits.filter(({ at }) => at <= now)
    limits = limits.filter(({ at }) => at > now)
    for (const { controller } of due) controller.abort(new DOMException("time is up", "TimeoutError"))
  }
  const slept: number[] = []
  return {
    slept,
    advance,
    now: () => now,
    sleep: async (ms) => {
      slept.push(ms)
      advance(ms)
    },
    timeout: (ms) => {
      const controller = new AbortController()
      limits.push({ at: now + ms, controller })
      return controller.signal
    },
  }
}
