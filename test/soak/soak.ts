/**
 * `npm run soak -- --minutes 20 [--sources 50] [--seed 1]`: the whole product in the real runtime under bad conditions. Fifty
 * sources, a fifth of them shops, read simulated accounts that change all the time, while partners and destination fail in every
 * way the sandbox knows and the product's process, with Durable Objects, consumers and queues in it, is killed and restarted at
 * random. The partners live in this process: they do not die with us. At the end the faults stop, every source syncs until it is
 * quiet, and what the destination holds must equal what each account's ledger says.
 */
import { parseArgs } from "node:util"
import type { FaultRequest } from "../sandbox/faults.ts"
import { createRandom } from "../sandbox/random.ts"
import { createSandbox } from "../sandbox/sandbox.ts"
import { servePartners } from "../stack/partners.ts"
import { type Stack, startStack } from "../stack/stack.ts"
import { checkAll } from "./check.ts"
import { FAULT_MIX, FAULTS_AT_ONCE } from "./faults.ts"
import { connectAll, type Soaked, saveDestination, syncSome, untilQuiet } from "./sources.ts"

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "20" },
    sources: { type: "string", default: "50" },
    seed: { type: "string", default: "1" },
  },
})
const MINUTES = Number(values.minutes)
const SOURCES = Number(values.sources)
/** Kills are spread evenly at random; a soak of 20 minutes has a dozen and more. */
const KILL_EVERY_MS = 75_000
const FAULTS_EVERY_MS = 20_000
const STEP_MS = 1_000
/** Accounts that change, and sources that are asked to sync, in each step. */
const CHANGED_A_STEP = 3
const SYNCED_A_STEP = 3

const random = createRandom(Number(values.seed))
const sandbox = createSandbox({ seed: Number(values.seed) })
const partners = await servePartners(sandbox)

async function main(): Promise<void> {
  let stack = await start(true)
  const stop = () => void stack.stop().then(() => process.exit(1))
  process.once("SIGINT", stop)
  const soaked = await connectAll(stack, sandbox, SOURCES)
  say(`${SOURCES} sources connected; ${MINUTES} minutes of faults and kills`)
  let kills = 0
  let killAt = Date.now() + nextKill()
  let faultsAt = 0
  const endAt = Date.now() + MINUTES * 60_000
  while (Date.now() < endAt) {
    if (Date.now() >= faultsAt) {
      changeFaults()
      faultsAt = Date.now() + FAULTS_EVERY_MS
    }
    if (Date.now() >= killAt) {
      await stack.kill()
      stack = await start(false)
      kills++
      killAt = Date.now() + nextKill()
      say(`killed and restarted (${kills}), ${Math.round((endAt - Date.now()) / 60_000)} minutes left`)
    }
    await step(stack, soaked)
    await new Promise((resolve) => setTimeout(resolve, STEP_MS))
  }
  await conclude(stack, soaked, kills)
}

function start(fresh: boolean): Promise<Stack> {
  return startStack({ name: "soak", port: 8791, fresh, partners })
}

function nextKill(): number {
  return KILL_EVERY_MS * (0.5 + random.next())
}

/** Something happens at some accounts, and some sources are asked to sync. */
async function step(stack: Stack, soaked: Soaked[]): Promise<void> {
  for (let count = 0; count < CHANGED_A_STEP; count++) {
    pick(soaked).evolve(1 + Math.floor(random.next() * 5))
  }
  await syncSome(
    stack,
    Array.from({ length: SYNCED_A_STEP }, () => pick(soaked)),
  ).catch(note)
}

function changeFaults(): void {
  sandbox.faults.off()
  for (let count = 0; count < FAULTS_AT_ONCE; count++) sandbox.faults.on(pick(FAULT_MIX) as FaultRequest)
}

async function conclude(stack: Stack, soaked: Soaked[], kills: number): Promise<void> {
  say("faults off; every source syncs until it is quiet")
  sandbox.faults.off()
  await saveDestination(stack)
  const lastSyncAt = await untilQuiet(stack, soaked, say)
  const { differences, repeats, items } = await checkAll(stack, sandbox, soaked, lastSyncAt)
  await stack.stop()
  for (const difference of differences.slice(0, 50)) say(`  ${difference}`)
  say(`${items} items, ${kills} kills, ${repeats} repeated where an answer was lost, ${differences.length} differences`)
  say(differences.length === 0 ? "Equality holds." : "Equality does NOT hold.")
  process.exit(differences.length === 0 ? 0 : 1)
}

function pick<T>(all: readonly T[]): T {
  return all[Math.floor(random.next() * all.length)] as T
}

function say(text: string): void {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)}  ${text}\n`)
}

/** Requests of ours fail while faults are on and the process restarts; that is not what is tested. */
function note(error: unknown): void {
  if (process.env.DEBUG) say(String(error))
}

await main()
