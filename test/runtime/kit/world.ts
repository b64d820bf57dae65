/**
 * The other side of the wire: the simulated partners and destination in place of the network. They live in the tests' isolate, so
 * that a test can change the account between two requests and read its ledger, and so that both sides have one clock.
 */
import { vi } from "vitest"
import type { Sleep } from "../../sandbox/deliver.ts"
import { createSandbox, type Sandbox } from "../../sandbox/sandbox.ts"
import { limitOf, now, pause, sleepUntil } from "./clock.ts"

/** A request that has not been answered yet. */
interface Flight {
  host: string
  /** When its sender gives up. */
  until: number
  /** When it will be answered, where a fault delays the answer; null: nothing delays it. */
  answeredAt: number | null
}

export interface World extends Sandbox {
  /** Requests under way. */
  flights: ReadonlySet<Flight>
  /** The consumer that sends the so-many-th further request to the host is never heard of again. */
  kill(host: string, nth: number): void
  /** How many have been killed. */
  killed(): number
}

/** Once a file: sources sync on in the background. */
export function openWorld(): World {
  const flights = new Set<Flight>()
  const flightOf = new WeakMap<AbortSignal, Flight>()
  const sleep: Sleep = (ms, signal) => {
    const flight = signal && flightOf.get(signal)
    if (flight) flight.answeredAt = now() + ms
    return sleepUntil(now() + ms, signal)
  }
  const sandbox = createSandbox({ clock: now, sleep })
  const doomed: { host: string; left: number }[] = []
  let killed = 0
  const isKilled = (host: string) => {
    for (const one of doomed) if (one.host === host) one.left--
    const at = doomed.findIndex((one) => one.host === host && one.left <= 0)
    if (at >= 0) doomed.splice(at, 1)
    return at >= 0
  }
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init)
    const host = new URL(request.url).hostname
    if (isKilled(host)) {
      killed++
      return never()
    }
    const limit = limitOf(init?.signal)
    const flight = { host, until: limit.until, answeredAt: null }
    flightOf.set(request.signal, flight)
    flights.add(flight)
    try {
      return await Promise.race([sandbox.handle(request), expiry(flights, flight, limit.abort)])
    } finally {
      flights.delete(flight)
    }
  })
  return Object.assign(sandbox, {
    flights,
    kill: (host: string, nth: number) => void doomed.push({ host, left: nth }),
    killed: () => killed,
  })
}

/** The runtime cancels an invocation that waits for nothing that could come: this is how a consumer is killed here. */
function never(): Promise<Response> {
  return new Promise(() => undefined)
}

/** Rejects as an aborted fetch does, once the clock has passed the request's limit. */
async function expiry(flights: ReadonlySet<Flight>, flight: Flight, abort: () => void): Promise<Response> {
  while (flights.has(flight) && now() < flight.until) await pause()
  if (!flights.has(flight)) return never()
  abort()
  throw new DOMException("The operation was aborted.", "AbortError")
}
