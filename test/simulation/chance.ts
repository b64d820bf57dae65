/**
 * Seeded chance. Every stream of draws has its own counter, so that leaving something out of a scenario shifts as little as
 * possible of the rest; and a fault that struck has a name (`evicted#12`), by which it can be left out of a replay.
 */
import { hashText } from "../sandbox/random.ts"
import type { FaultName } from "./faults.ts"

export interface Chance {
  /** Uniform in [0, 1). */
  draw(stream: string): number
  /** A whole number, both ends included. */
  int(stream: string, min: number, max: number): number
  pick<T>(stream: string, list: readonly T[]): T
  strikes(fault: FaultName): boolean
  /** Names of the faults that struck. */
  struck: string[]
  /** No fault strikes any more. */
  calm(): void
}

export function createChance(
  seed: number,
  rates: Partial<Record<FaultName, number>>,
  without: ReadonlySet<string>,
): Chance {
  const counters = new Map<string, number>()
  const streams = new Map<string, number>()
  let isCalm = false
  const draw = (stream: string) => {
    const n = (counters.get(stream) ?? 0) + 1
    counters.set(stream, n)
    let base = streams.get(stream)
    if (base === undefined) {
      base = hashText(`${seed}/${stream}`)
      streams.set(stream, base)
    }
    return mix((base + Math.imul(n, 0x9e3779b1)) >>> 0) / 4294967296
  }
  const chance: Chance = {
    draw,
    int: (stream, min, max) => min + Math.floor(draw(stream) * (max - min + 1)),
    pick(stream, list) {
      const value = list[Math.floor(draw(stream) * list.length)]
      if (value === undefined) throw new Error(`nothing to pick for ${stream}`)
      return value
    },
    strikes(fault) {
      const rate = rates[fault] ?? 0
      if (isCalm || rate === 0 || without.has(fault) || draw(fault) >= rate) return false
      const name = `${fault}#${counters.get(fault)}`
      if (without.has(name)) return false
      chance.struck.push(name)
      return true
    },
    struck: [],
    calm() {
      isCalm = true
    },
  }
  return chance
}

function mix(value: number): number {
  let t = value
  t = Math.imul(t ^ (t >>> 16), 0x21f0aaad)
  t = Math.imul(t ^ (t >>> 15), 0x735a2d97)
  return (t ^ (t >>> 15)) >>> 0
}
