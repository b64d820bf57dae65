/** Seeds over several processes: each takes a few, tells what became of them, and takes the next. */
import { type ChildProcess, fork } from "node:child_process"

const SEEDS_AT_ONCE = 20

/** What a child tells of a seed. */
export interface Told {
  seed: number
  faults: string[]
  struck: Record<string, number>
  events: number
  items: number
  partnerCalls: number
}

export interface PoolParts {
  /** The file that is run again as a child. */
  file: string
  args: readonly string[]
  processes: number
  first: number
  count: number
  env?: Record<string, string>
  told(seed: Told): void
  /** False: no further seeds. */
  goesOn(): boolean
}

export async function overPool({ file, args, processes, first, count, env, told, goesOn }: PoolParts): Promise<void> {
  let next = first
  const end = first + count
  const feed = (child: ChildProcess) => {
    if (next >= end || !goesOn()) return void child.send({ seeds: [] })
    const seeds = Array.from({ length: Math.min(SEEDS_AT_ONCE, end - next) }, (_, index) => next + index)
    next += seeds.length
    child.send({ seeds })
  }
  const work = () =>
    new Promise<void>((resolve, reject) => {
      const child = fork(file, [...args, "--child"], { env: { ...process.env, ...env } })
      child.on("message", (message: Told | "ready") => {
        if (message === "ready") feed(child)
        else told(message)
      })
      child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`a process ended with ${code}`))))
    })
  await Promise.all(Array.from({ length: processes }, work))
}
