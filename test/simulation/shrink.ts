/** Makes a failing seed small: leaves out whatever it fails without. What is left is the story's cast. */
import { FAULT_NAMES, TOKEN_FAULT_NAMES } from "./faults.ts"
import { simulate, type Verdict } from "./world.ts"

/** A seed takes a tenth of a second: this many tries are a coffee. */
const TRIES_MAX = 400

export interface Shrunk {
  without: string[]
  verdict: Verdict
  tries: number
}

export async function shrink(first: Verdict, without: readonly string[], steps: number | undefined): Promise<Shrunk> {
  const kind = kindOf(first)
  const which = { partner: first.partner, auth: first.auth }
  let best: Shrunk = { without: [...without], verdict: first, tries: 0 }
  const attempt = async (names: readonly string[]): Promise<boolean> => {
    if (best.tries >= TRIES_MAX) return false
    best.tries++
    const fewer = [...best.without, ...names]
    const verdict = await simulate(first.seed, {
      ...which,
      without: new Set(fewer),
      ...(steps !== undefined && { steps }),
    })
    if (kindOf(verdict) !== kind) return false
    best = { without: fewer, verdict, tries: best.tries }
    return true
  }
  if (await attempt(["faults"])) best.without = best.without.filter((name) => !name.includes("#") || isPlanned(name))
  else await drop([...FAULT_NAMES, ...TOKEN_FAULT_NAMES], attempt)
  const { history, life, actions, spells } = first.scenario
  await drop(["lag", "poison"], attempt)
  for (const list of [actions, spells, life, history])
    await drop(
      list.map(({ name }) => name),
      attempt,
    )
  await drop(best.verdict.struck, attempt)
  return { ...best, verdict: await simulate(first.seed, { ...which, without: new Set(best.without), isTold: true }) }
}

/** Leaves out halves, then quarters, and at last one by one. */
async function drop(names: readonly string[], attempt: (names: readonly string[]) => Promise<boolean>): Promise<void> {
  let left = [...names]
  for (let size = left.length; size >= 1; size = size > 1 ? Math.ceil(size / 2) : 0) {
    const kept: string[] = []
    for (let at = 0; at < left.length; at += size) {
      const some = left.slice(at, at + size)
      if (!(await attempt(some))) kept.push(...some)
    }
    left = kept
  }
}

/** The failure without its names and numbers: shrinking must not end at another bug. */
function kindOf({ faults }: Verdict): string | null {
  const [fault] = faults
  return fault === undefined ? null : fault.replace(/\S*[\d@{"]\S*/g, "#").slice(0, 40)
}

function isPlanned(name: string): boolean {
  return /^(history|mutation|action|spell)#/.test(name)
}
