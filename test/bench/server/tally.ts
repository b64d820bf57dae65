/** What the server answers, counted. */
import type { Served } from "../setup.ts"

export interface Tally {
  call(answer: () => Promise<void>): Promise<void>
  post(answer: () => Promise<void>): Promise<void>
  rows(count: number): void
  simulated(): void
  served(): Served
  /** Counts anew how much is under way at one moment. */
  startAtOnce(): void
}

export function createTally(): Tally {
  const told: Omit<Served, "cpuMs" | "callsAtOnce" | "postsAtOnce"> = {
    calls: 0,
    simulated: 0,
    rows: 0,
    posts: 0,
    lastPostAt: 0,
  }
  const calls = atOnce()
  const posts = atOnce()
  return {
    async call(answer) {
      told.calls++
      await calls.during(answer)
    },
    async post(answer) {
      await posts.during(answer)
      told.posts++
      told.lastPostAt = Date.now()
    },
    rows(count) {
      told.rows += count
    },
    simulated() {
      told.simulated++
    },
    served() {
      const { user, system } = process.cpuUsage()
      return { ...told, cpuMs: (user + system) / 1000, callsAtOnce: calls.most(), postsAtOnce: posts.most() }
    },
    startAtOnce() {
      calls.start()
      posts.start()
    },
  }
}

/** The most that were under way at one moment. */
function atOnce() {
  let now = 0
  let most = 0
  return {
    async during(work: () => Promise<void>) {
      most = Math.max(most, ++now)
      await work().finally(() => now--)
    },
    most: () => most,
    start() {
      most = now
    },
  }
}
