/** The partners' process, the runtime under test, and what processor time the latter has used. */
import { type ChildProcess, spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import { createInterface } from "node:readline"
import { createTestHarness } from "wrangler"
import type { Ready } from "./setup.ts"

const ROOT = resolve(import.meta.dirname, "../..")
/** Linux counts processor time in hundredths of a second. */
const TICK_MS = 10
/** Any 32 bytes: nothing here is secret. */
const VAULT_KEYS = `k1:${Buffer.alloc(32, 1).toString("base64")}`

export async function startPartners(connector: string, size: number): Promise<{ ready: Ready; child: ChildProcess }> {
  const script = resolve(import.meta.dirname, "partners.ts")
  const child = spawn(process.execPath, [script, connector, String(size)], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const ready: Ready = JSON.parse(line)
    return { ready, child }
  }
  throw new Error("the partners' process ended before it was ready")
}

export type Runtime = ReturnType<typeof createTestHarness>

/** The queues' settings are those of wrangler.toml. */
export async function startRuntime(partners: string, callsPerSecond: number): Promise<Runtime> {
  // Quiet, and without a network.
  Object.assign(process.env, { CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_LOG: "error" })
  const lanes = ["fetch", "backfill", "forward"] as const
  const runtime = createTestHarness({
    root: ROOT,
    workers: [
      {
        config: {
          name: "cloud-sources-bench",
          main: "test/bench/worker.ts",
          compatibility_date: "2026-11-02",
          vars: {
            PARTNERS: partners,
            CALLS_PER_SECOND: callsPerSecond,
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
        },
      },
    ],
  })
  await runtime.listen()
  await runtime.getWorker<{ DB: D1Database }>().applyD1Migrations("DB")
  return runtime
}

/** Processor time of every workerd that this process started, ms; null where the system does not tell. */
export function runtimeCpuMs(): number | null {
  try {
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name))
    const stats = new Map(pids.flatMap((pid) => statOf(pid)))
    const ours = [...stats.values()].filter(({ name, pid }) => name === "workerd" && isOurs(pid, stats))
    return ours.reduce((sum, { ticks }) => sum + ticks * TICK_MS, 0)
  } catch {
    return null
  }
}

interface Stat {
  pid: number
  parent: number
  name: string
  ticks: number
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html; a process may end while it is looked at. */
function statOf(pid: string): [number, Stat][] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8")
    const name = text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"))
    const fields = text
      .slice(text.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number)
    return [
      [Number(pid), { pid: Number(pid), parent: fields[1] ?? 0, name, ticks: (fields[11] ?? 0) + (fields[12] ?? 0) }],
    ]
  } catch {
    return []
  }
}

function isOurs(pid: number, stats: Map<number, Stat>): boolean {
  for (let at = stats.get(pid); at; at = stats.get(at.parent)) if (at.parent === process.pid) return true
  return false
}
