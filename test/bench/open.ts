import { type Bench, setupOf } from "./measure.ts"
import { startRuntime } from "./runtime/runtime.ts"
import { startServer } from "./server/client.ts"
import type { Serving } from "./setup.ts"

/** Lifts the partner's pace: what is measured is the product. */
export const UNPACED = 100_000
/** As the connector declares it. */
export const SHIPPED_PACE = 0

/** A served account and a runtime beside it, for as long as `work` takes. */
export async function withBench<T>(serving: Serving, work: (bench: Bench) => Promise<T>): Promise<T> {
  const server = await startServer(serving)
  try {
    const runtime = await startRuntime(server.address)
    try {
      return await work({ server, runtime, setup: setupOf(serving.connector, server) })
    } finally {
      await runtime.close()
    }
  } finally {
    server.close()
  }
}

export async function setPace({ runtime }: Pick<Bench, "runtime">, callsPerSecond: number): Promise<void> {
  await runtime.call(`/pace?callsPerSecond=${callsPerSecond}`)
}
