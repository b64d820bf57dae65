/** Virtual time: what happens lies on a heap, and time jumps from one event to the next. Nothing ever waits for real. */
import { type Due, pop, push } from "../sandbox/heap.ts"

export interface Timeline {
  /** Epoch ms. */
  now(): number
  after(ms: number, work: () => void): void
  at(time: number, work: () => void): void
  /** A signal that aborts after so many ms. */
  timeout(ms: number): AbortSignal
  /** Lets time run to `until`, or as long as `goesOn` says. */
  run(until: number, goesOn: () => boolean): Promise<void>
  /** Events so far. */
  events(): number
}

interface Entry extends Due {
  work: () => void
}

export function createTimeline(start: number): Timeline {
  const heap: Entry[] = []
  let now = start
  let no = 0
  let events = 0
  const at = (time: number, work: () => void) => push(heap, { at: Math.max(time, now), no: ++no, work })
  return {
    now: () => now,
    at,
    after: (ms, work) => at(now + ms, work),
    timeout(ms) {
      const controller = new AbortController()
      at(now + ms, () => controller.abort())
      return controller.signal
    },
    events: () => events,
    async run(until, goesOn) {
      for (let next = heap[0]; next && next.at <= until && goesOn(); next = heap[0]) {
        pop(heap)
        now = next.at
        events++
        next.work()
        await settled()
      }
      if (goesOn()) now = Math.max(now, until)
    },
  }
}

/** Every promise that can settle now has done so: an event's whole consequence belongs to its moment. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
