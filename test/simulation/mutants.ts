/**
 * Is every planted bug found? Each mutant changes one place of a copy of the shipped code, and the simulator must find it within a
 * thousand seeds. A place that is no longer there fails loudly: the mutant is to be planted anew.
 *
 *   npm run mutants                       all of them, two at a time
 *   npm run mutants -- "lookback"         those whose name holds the word
 *   npm run mutants -- --dry-run          only whether each can be planted: seconds, no simulation
 */
import { spawn } from "node:child_process"
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { inParallel } from "../../src/pipeline/parallel.ts"
import { planted, ROOT, unplantable } from "./plant.ts"
import { MUTANTS, type Mutant } from "./planted/index.ts"

const SEEDS = 1_000
const USUAL: NonNullable<Mutant["at"]> = { partner: "stripe", auth: "key" }
const AT_ONCE = 2

const asked = parseArgs({ options: { "dry-run": { type: "boolean", default: false } }, allowPositionals: true })
const wanted = MUTANTS.filter(({ name }) => name.includes(asked.positionals[0] ?? ""))
const problems = unplantable(wanted)
if (problems.length > 0) throw new Error(`to be planted anew:\n${problems.join("\n")}`)
if (asked.values["dry-run"]) {
  console.log(`${wanted.length} bugs can be planted`)
  process.exit()
}
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

async function firstSeedThatFails(mutant: Mutant | null, at = USUAL): Promise<number | null> {
  const folder = mkdtempSync(join(tmpdir(), "mutant-"))
  for (const part of ["src", "test/sandbox", "test/simulation"])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true, filter: (path) => !path.includes(".wrangler") })
  cpSync(join(ROOT, "package.json"), join(folder, "package.json"))
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"))
  if (mutant) writeFileSync(join(folder, "src", mutant.file), planted(mutant))
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
