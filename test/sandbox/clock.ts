/** Time of the sandbox: real time plus an offset that tests set or advance, or a wholly virtual one. */

/** Epoch ms. */
export type Clock = () => number

export interface SettableClock {
  now: Clock
  /** Ms ahead of the base clock. */
  offset: number
  set(to: number): void
  advance(ms: number): void
}

export function createClock(base: Clock): SettableClock {
  const clock: SettableClock = {
    offset: 0,
    now: () => base() + clock.offset,
    set(to) {
      clock.offset = to - base()
    },
    advance(ms) {
      clock.offset += ms
    },
  }
  return clock
}

export const SECOND_MS = 1_000
export const HOUR_S = 3_600
export const DAY_S = 86_400
