/**
 * Is every planted bug found? Each mutant changes one place of a copy of the shipped code, and the simulator must find it within a
 * thousand seeds. A place that is no longer there fails loudly: the mutant is to be planted anew.
 *
 *   npm run mutants                       all of them, two at a time
 *   npm run mutants -- "lookback"         those whose name holds the word
 */
import { spawn } from "node:child_process"
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { inParallel } from "../../src/pipeline/parallel.ts"
import { MUTANTS, type Mutant } from "./planted/index.ts"

const SEEDS = 1_000
const USUAL: NonNullable<Mutant["at"]> = { partner: "stripe", auth: "key" }
const AT_ONCE = 2
const ROOT = resolve(import.meta.dirname, "../..")

const wanted = MUTANTS.filter(({ name }) => name.includes(process.argv[2] ?? ""))
for (const mutant of wanted) mutated(mutant)
// A bug of its own would be taken for the planted one.
for (const at of new Map(wanted.map(({ at = USUAL }) => [`${at.partner} ${at.auth}`, at])).values()) {
  const own = await firstSeedThatFails(null, at)
  if (own !== null) throw new Error(`seed ${own} of ${at.partner} fails without any planted bug`)
}
const missed: string[] = []
const waiting = wanted.values()
await inParallel(
  AT_ONCE,
  () => waiting.next().value,
  async (mutant) => {
    const seed = await firstSeedThatFails(mutant, mutant.at)
    if (seed === null) missed.push(mutant.name)
    console.log(`${seed === null ? `NOT FOUND in ${SEEDS}` : `found by seed ${seed}`.padEnd(20)}  ${mutant.name}`)
  },
)
console.log(`${wanted.length - missed.length} of ${wanted.length} planted bugs found`)
process.exitCode = missed.length > 0 ? 1 : 0

function mutated({ name, file, from, to }: Mutant): string {
  const text = readFileSync(join(ROOT, "src", file), "utf8")
  if (text.split(from).length !== 2) throw new Error(`"${name}": src/${file} must hold this exactly once: ${from}`)
  return text.replace(from, () => to)
}

async function firstSeedThatFails(mutant: Mutant | null, at = USUAL): Promise<number | null> {
  const folder = mkdtempSync(join(tmpdir(), "mutant-"))
  for (const part of ["src", "test/sandbox", "test/simulation"])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true, filter: (path) => !path.includes(".wrangler") })
  cpSync(join(ROOT, "package.json"), join(folder, "package.json"))
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"))
  if (mutant) writeFileSync(join(folder, "src", mutant.file), mutated(mutant))
  const output = await run(folder, at)
  rmSync(folder, { recursive: true })
  const found = /first failing seed: (\d+)/.exec(output)
  if (!found && !/ seeds, 0 failed/.test(output))
    throw new Error(`"${mutant?.name}" does not run: ${output.slice(-600)}`)
  return found ? Number(found[1]) : null
}

function run(folder: string, { partner, auth }: typeof USUAL): Promise<string> {
  const which = ["--partner", partner, "--auth", auth, "--seeds", String(SEEDS), "--processes", "1", "--first"]
  const args = [join(folder, "test/simulation/simulate.ts"), ...which]
  return new Promise((done) => {
    const child = spawn(process.execPath, args, { cwd: folder })
    let output = ""
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data))
    child.on("close", () => done(output))
  })
}
