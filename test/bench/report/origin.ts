/** Where numbers come from: the commit, the day, the machine. */
import { execFileSync } from "node:child_process"
import { availableParallelism, cpus } from "node:os"
import { resolve } from "node:path"
import { unstable_readConfig } from "wrangler"
import type { Origin } from "./section.ts"

const ROOT = resolve(import.meta.dirname, "../../..")

export function originOf(command: string): Origin {
  const model = cpus()[0]?.model.trim() ?? "processor"
  return {
    command,
    commit: commit(),
    date: new Date().toISOString().slice(0, 10),
    machine: `${availableParallelism()} cores (${model}), shared with the server that answers`,
  }
}

/** As deployed. */
export function logSampling(): number {
  const { observability } = unstable_readConfig({ config: resolve(ROOT, "wrangler.toml"), env: "production" })
  return observability?.enabled ? (observability.head_sampling_rate ?? 1) : 0
}

function commit(): string {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim()
  const isChanged = git("status", "--porcelain", "--", "src") !== ""
  return git("rev-parse", "--short", "HEAD") + (isChanged ? ", with changes" : "")
}
