/**
 * The time of these tests: real time plus what they have moved it ahead. The Worker, its Durable Objects, its consumers and the
 * sandbox share one isolate, so they all see it. Time limits of requests and consumers that sleep follow it too: a partner that
 * hangs for 30 seconds is waited for by moving the clock, not by waiting.
 */
import { vi } from "vitest"
import { clock } from "../../../src/worker/platform.ts"

export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

const POLL_MS = 10

export const realNow: () => number = Date.now.bind(Date)
let ahead = 0

export function now(): number {
  return realNow() + ahead
}

export function advance(ms: number): void {
  ahead += ms
}

export function advanceTo(time: number): void {
  ahead += Math.max(0, time - now())
}

/** Real time passes: for looking again, never as a guess at how long something takes. */
export function pause(ms = POLL_MS): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Each sleeper looks at the clock by itself: what one request set up, another one may not end. */
export async function sleepUntil(time: number, signal?: AbortSignal): Promise<void> {
  while (now() < time && !signal?.aborted) await pause()
}

const sleeping = new Set<{ until: number }>()

/** When the consumers that sleep wake up. A sleep of one that was torn down is over once its time has passed. */
export function wakings(): number[] {
  return [...sleeping].map(({ until }) => until).filter((until) => until > now())
}

vi.spyOn(clock, "sleep").mockImplementation(async (ms) => {
  const sleep = { until: now() + ms }
  sleeping.add(sleep)
  await sleepUntil(sleep.until)
  sleeping.delete(sleep)
})

const limits = new WeakMap<AbortSignal, { until: number; abort: () => void }>()

vi.spyOn(Date, "now").mockImplementation(now)
vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
  const controller = new AbortController()
  const abort = () => controller.abort(new DOMException("The time limit has passed.", "TimeoutError"))
  limits.set(controller.signal, { until: now() + ms, abort })
  return controller.signal
})

/** When the request's time is up; never, where it has no limit. */
export function limitOf(signal: AbortSignal | null | undefined): { until: number; abort: () => void } {
  return (signal && limits.get(signal)) ?? { until: Number.POSITIVE_INFINITY, abort: () => undefined }
}
