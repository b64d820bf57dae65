/** Settles as the work does, or rejects when the time is up: a database that hangs, rather than fails, must not hold up its caller. */
export function inTime<T>(clock: { timeout(ms: number): AbortSignal }, ms: number, work: Promise<T>): Promise<T> {
  const signal = clock.timeout(ms)
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Error(`no answer within ${ms / 1000} s`)), { once: true })
    work.then(resolve, reject)
  })
}
