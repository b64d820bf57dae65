/** The runtime under test: workerd with the benchmark's Worker, local queues, D1 and Durable Objects, and what it uses of the machine. */
import { resolve } from "node:path"
import { createTestHarness } from "wrangler"
import { descendants, memoryOf, statOf } from "./proc.ts"

export const ROOT = resolve(import.meta.dirname, "../../..")
/** Any 32 bytes: nothing here is secret. */
const VAULT_KEYS = `k1:${Buffer.alloc(32, 1).toString("base64")}`

export interface Runtime {
  call<T>(path: string, body?: unknown): Promise<T>
  /** Processor time since it was started; null where the system does not tell. */
  cpuMs(): number | null
  /** Bytes in memory, now and at most. */
  memory(): { now: number; most: number } | null
  close(): Promise<void>
}

let starting: Promise<unknown> = Promise.resolve()

/** One after the other: which process belongs to which is told by when it came. */
export function startRuntime(server: string): Promise<Runtime> {
  const started = starting.then(() => start(server))
  starting = started.catch(() => undefined)
  return started
}

async function start(server: string): Promise<Runtime> {
  // Quiet, and without a network.
  Object.assign(process.env, { CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_LOG: "error" })
  const others = new Set(descendants("workerd"))
  const harness = createTestHarness({ root: ROOT, workers: [{ config: configOf(server) }] })
  await harness.listen()
  await harness.getWorker<{ DB: D1Database }>().applyD1Migrations("DB")
  const pids = descendants("workerd").filter((pid) => !others.has(pid))
  return {
    async call<T>(path: string, body?: unknown) {
      const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }
      const response = await harness.fetch(path, init)
      if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
      return (await response.json()) as T
    },
    cpuMs: () => sum(pids.map((pid) => statOf(pid)?.cpuMs)),
    memory() {
      const each = pids.map(memoryOf)
      const [now, most] = [sum(each.map((one) => one?.now)), sum(each.map((one) => one?.most))]
      return now === null || most === null ? null : { now, most }
    },
    close: () => harness.close(),
  }
}

/** The queues' settings are those of wrangler.toml. */
export function configOf(server: string) {
  const lanes = ["fetch", "backfill", "forward"] as const
  return {
    name: "cloud-sources-bench",
    main: "test/bench/runtime/worker.ts",
    compatibility_date: "2026-11-02",
    vars: {
      SERVER: server,
      VAULT_KEYS,
      AUTH_SECRET: "a-secret-of-the-benchmark-32-bytes-long",
      AUTH_ISSUER: "https://auth.example.com",
      AUTH_AUDIENCE: "cloud-sources",
    },
    durable_objects: { bindings: [{ name: "SOURCES", class_name: "SourceObject" }] },
    migrations: [{ tag: "v1", new_sqlite_classes: ["SourceObject"] }],
    d1_databases: [{ binding: "DB", database_name: "bench", database_id: "bench", migrations_dir: "migrations" }],
    queues: {
      producers: lanes.map((lane) => ({ binding: `${lane.toUpperCase()}_QUEUE`, queue: `bench-${lane}` })),
      consumers: lanes.map((lane) => ({
        queue: `bench-${lane}`,
        max_batch_size: lane === "forward" ? 1 : 5,
        max_batch_timeout: 0,
        max_retries: 3,
      })),
    },
  }
}

/** Null where one is missing, or none was found. */
function sum(values: readonly (number | undefined)[]): number | null {
  if (values.length === 0) return null
  return values.reduce<number | null>((all, one) => (all === null || one === undefined ? null : all + one), 0)
}
