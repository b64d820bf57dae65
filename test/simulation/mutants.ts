/**
 * Is every planted bug found? Each mutant changes one place of a copy of the shipped code, and the simulator must find it within a
 * thousand seeds: the one that found it last time, else the first forty, then the next ones for those that are left. A place that is no
 * longer there fails loudly: the mutant is to be planted anew.
 *
 *   npm run mutants                       all of them, two at a time
 *   npm run mutants -- --processes 1      one at a time
 *   npm run mutants -- "lookback"         those whose name holds the word
 *   npm run mutants -- --dry-run          only whether each can be planted: seconds, no simulation
 */
import { spawn } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { parseArgs } from "node:util"
import { inParallel } from "../../src/lib/parallel.ts"
import { planted, ROOT, unplantable } from "./plant.ts"
import { MUTANTS, type Mutant } from "./planted/index.ts"

/** Bug -> the seed that found it last. It is tried first: an hour's search becomes minutes while neither has changed. */
const FOUND_FILE = join(ROOT, "test/simulation/planted/found.json")

interface Round {
  from: number
  to: number
}

/** From one seed to the other, both included: most are found in the first round, and only what is left is looked for further. */
const ROUNDS: readonly Round[] = [
  { from: 1, to: 40 },
  { from: 41, to: 300 },
  { from: 301, to: 1_000 },
]
const USUAL: NonNullable<Mutant["at"]> = { partner: "stripe", auth: "key" }
/** So many of those that can be seen at all. */
const FOUND_LEAST = 0.95

const asked = parseArgs({
  options: { "dry-run": { type: "boolean", default: false }, processes: { type: "string", default: "2" } },
  allowPositionals: true,
})
const wanted = MUTANTS.filter(({ name }) => name.includes(asked.positionals[0] ?? ""))
const problems = unplantable(wanted)
if (problems.length > 0) throw new Error(`to be planted anew:\n${problems.join("\n")}`)
if (asked.values["dry-run"]) {
  console.log(`${wanted.length} bugs can be planted`)
  process.exit()
}
const foundBy: Record<string, number> = JSON.parse(readFileSync(FOUND_FILE, "utf8"))
/** What the shipped code does with seeds, by partner, sign-in and round: the first that fails, or null. */
const own = new Map<string, Promise<number | null>>()
let left = await survivorsOf(wanted, ({ name }) => {
  const seed = foundBy[name]
  return seed === undefined ? null : { from: seed, to: seed }
})
for (const round of ROUNDS) left = await survivorsOf(left, () => round)
summarize()

async function survivorsOf(
  mutants: readonly Mutant[],
  roundOf: (mutant: Mutant) => Round | null,
): Promise<readonly Mutant[]> {
  const survivors = new Set(mutants)
  const waiting = mutants.values()
  await inParallel(
    Number(asked.values.processes),
    () => waiting.next().value,
    async (mutant) => {
      const round = roundOf(mutant)
      const seed = round && (await firstSeedThatFails(mutant, mutant.at, round))
      if (seed === null || round === null) return
      await assertOurs(mutant.at, round)
      console.log(`${`found by seed ${seed}`.padEnd(20)}  ${mutant.name}`)
      survivors.delete(mutant)
      foundBy[mutant.name] = seed
      keep()
    },
  )
  return [...survivors]
}

/** A bug of our own would be taken for the planted one. */
async function assertOurs(at = USUAL, round: Round): Promise<void> {
  const key = `${at.partner} ${at.auth} ${round.from} ${round.to}`
  const tried = own.get(key) ?? firstSeedThatFails(null, at, round)
  own.set(key, tried)
  const seed = await tried
  if (seed !== null) throw new Error(`seed ${seed} of ${at.partner} (${at.auth}) fails without any planted bug`)
}

/** In the order in which they are planted. */
function keep(): void {
  const known = MUTANTS.flatMap(({ name }) => (foundBy[name] === undefined ? [] : [[name, foundBy[name]]]))
  writeFileSync(FOUND_FILE, `${JSON.stringify(Object.fromEntries(known), null, 2)}\n`)
}

function summarize(): void {
  for (const { name, survives } of left)
    console.log(`${"NOT FOUND".padEnd(20)}  ${name}${survives ? `: ${survives}` : ""}`)
  const found = wanted.length - left.length
  const visible = wanted.filter((mutant) => !(mutant.survives && left.includes(mutant))).length
  const share = visible === 0 ? 1 : found / visible
  const hidden = wanted.length - visible
  console.log(
    `${found} of ${wanted.length} planted bugs found, ${hidden} cannot be: ${(100 * share).toFixed(1)} % of the others`,
  )
  if (share < FOUND_LEAST) process.exitCode = 1
}

async function firstSeedThatFails(mutant: Mutant | null, at = USUAL, round: Round): Promise<number | null> {
  const folder = mkdtempSync(join(tmpdir(), "mutant-"))
  // Only what is shipped is copied. What tries it is linked, and finds the copy beside it.
  cpSync(join(ROOT, "src"), join(folder, "src"), { recursive: true })
  for (const part of ["test/sandbox", "test/simulation", "node_modules", "package.json"]) {
    mkdirSync(dirname(join(folder, part)), { recursive: true })
    symlinkSync(join(ROOT, part), join(folder, part))
  }
  if (mutant) writeFileSync(join(folder, "src", mutant.file), planted(mutant))
  const output = await run(folder, at, round)
  rmSync(folder, { recursive: true })
  const found = /first failing seed: (\d+)/.exec(output)
  if (!found && !/ seeds, 0 failed/.test(output))
    throw new Error(`"${mutant?.name}" does not run: ${output.slice(-600)}`)
  return found ? Number(found[1]) : null
}

function run(folder: string, { partner, auth }: typeof USUAL, { from, to }: Round): Promise<string> {
  const seeds = ["--seed", String(from), "--seeds", String(to - from + 1), "--processes", "1", "--first"]
  const links = ["--preserve-symlinks", "--preserve-symlinks-main"]
  const args = [...links, join(folder, "test/simulation/simulate.ts"), "--partner", partner, "--auth", auth, ...seeds]
  return new Promise((done) => {
    const child = spawn(process.execPath, args, { cwd: folder })
    let output = ""
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data))
    child.on("close", () => done(output))
  })
}
