/** What Linux tells of a process. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
import { readdirSync, readFileSync } from "node:fs"

/** Linux counts processor time in hundredths of a second. */
const TICK_MS = 10

export interface Stat {
  pid: number
  parent: number
  name: string
  cpuMs: number
}

/** Processes of that name that this one started, or that those started. Empty where the system does not tell. */
export function descendants(name: string): number[] {
  const stats = new Map(
    pids()
      .flatMap((pid) => statOf(pid) ?? [])
      .map((stat) => [stat.pid, stat]),
  )
  return [...stats.values()].filter((stat) => stat.name === name && isOurs(stat, stats)).map(({ pid }) => pid)
}

/** Null once the process has ended, or where the system does not tell. */
export function statOf(pid: number): Stat | null {
  const text = read(pid, "stat")
  if (text === null) return null
  // The name may hold anything, parentheses too.
  const [open, close] = [text.indexOf("("), text.lastIndexOf(")")]
  const fields = text
    .slice(close + 2)
    .split(" ")
    .map(Number)
  const ticks = (fields[11] ?? 0) + (fields[12] ?? 0)
  return { pid, parent: fields[1] ?? 0, name: text.slice(open + 1, close), cpuMs: ticks * TICK_MS }
}

/** Bytes in memory, now and at most. */
export function memoryOf(pid: number): { now: number; most: number } | null {
  const text = read(pid, "status")
  if (text === null) return null
  const bytes = (field: string) => 1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0)
  return { now: bytes("VmRSS"), most: bytes("VmHWM") }
}

function pids(): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

function read(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8")
  } catch {
    return null
  }
}

function isOurs(stat: Stat, stats: ReadonlyMap<number, Stat>): boolean {
  for (let at: Stat | undefined = stat; at; at = stats.get(at.parent)) if (at.parent === process.pid) return true
  return false
}
