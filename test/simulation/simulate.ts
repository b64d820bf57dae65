/**
 * A simulator that tries to lose data, and fails to.
 *
 *   npm run simulate -- --seeds 1000               a thousand seeds, in two processes
 *   npm run simulate -- --seed 42                  one seed, replayed exactly; where it fails, shrunk and told as a story
 *   npm run simulate -- --seed 42 --without "evicted,mutation#3"    the same with something left out (as a story suggests)
 *   npm run simulate -- --seed 42 --story          told although nothing fails
 *   npm run simulate -- --partner shopify --seeds 1000       another partner: shopify, paddle, or meadow, which is made up
 *   npm run simulate -- --auth oauth --seeds 1000            sources let in by signing in; "key", or "either" as the seed has it
 *   npm run simulate -- --seeds 500 --coverage     what of src/source and src/pipeline no seed has reached
 *   npm run mutants                                is every planted bug found? (see mutants.ts)
 *
 * What runs: the shipped modules, unchanged. The source's engine, the queue consumers, the connector with its normalizing (only its
 * page size is made small, so that few records make many pages), the client of Intempt's /track and that of token endpoints. What
 * they stand on is simulated: time (a heap of events; nothing ever waits for real), chance (each seed is one history, to the last
 * bit), storage, alarm, queues, the Durable Object's calls (all with the platform's limits of rows and messages), HTTP, and behind
 * it an account of the partner and the destination. Partners: the sandbox's Stripe and Shopify, and `meadow`, which is made up: three
 * live streams at once (a feed newest first with a limit of its own and a short memory, a list oldest first whose rows come again,
 * a list that is scrolled through with one token), a search that shows its first results only, times cut to the minute. One seed in
 * eight has a second source, of another project and partner, over the same queues and consumers.
 *
 * What goes wrong (faults.ts, scenario.ts):
 *   - the object: commits that fail, or are written and throw; evicted at any await, its memory gone; alarms late, doubled, lost; D1
 *     fails or hangs; newer code takes its state over while older instances still wake up; its own clock is thirty days ahead for hours
 *   - queues and calls: wake-ups lost, doubled, late, out of order; calls lost on the way there or back, or carried out minutes after
 *     their caller gave up; consumers killed or standing still at any await, with clocks that are off; whole consumers, or single calls,
 *     of another deploy
 *   - the partner hangs, breaks off, stalls, answers 429 with and without Retry-After, 5xx, 401, 403, a web page (its own or a
 *     gateway's), without Date or with one that is minutes to a day off, more than fits; forgets page tokens; shows events and
 *     records late; its clock is an hour off; for hours one endpoint alone fails, limits, forbids or is gone; at the made-up partner, in
 *     one seed of ten, every page with a certain record fails
 *   - its account changes between any two answers: several changes a second, states that return to what they were, customers deleted
 *     while they are paged over, emails changed, debits that succeed days later, captures, refunds, trials, old subscriptions
 *     cancelled; in a shop orders edited and cancelled, payments dated back, drafts, checkouts left hours after they were begun,
 *     points that run out, scopes taken away and given back
 *   - token endpoints are down, answer with web pages, renew a token and lose the answer, do not know our client for hours; refresh
 *     tokens are good once, and used again take the whole grant away, or may be sent again for a month
 *   - the destination refuses, hangs, takes everything and says nothing, answers 2xx with what is no acceptance, 502 after taking, 413,
 *     transient 400s, poison items, rejects the key for hours, refuses everything
 *   - the user begins with collections off, names people by the partner's id, syncs, pauses, moves the start date, switches collections
 *     off and on, adds fields, loses the key and pastes a new one, takes the app away and signs in again, reads collections again (and
 *     again), replays and discards what is in quarantine, deletes the source, at any moment; and, in one seed of twelve, makes it again
 *     minutes to weeks later, to go on from where it was: in the middle of a list, or while items wait (again.ts)
 * Not simulated: webhooks, and a partner's clock that is set while it is read.
 * Then all faults end, the user puts right what a user can, and time runs on until nothing is due but the schedule and one clean run
 * has passed.
 *
 * What is checked at each commit (watch.ts, bounds.ts, deliveries.ts): no lease or claim is held by two, no two POSTs carry one item
 * at a time, no fact is taken in twice, cursors and lease numbers only grow, what falls due has its alarm in the same commit, no run has
 * succeeded while items of it wait, older code leaves newer state alone, nothing that another deploy says is believed but that items
 * were delivered, a deleted source stays deleted, what the one made again repeats has a reason of its own, and every row, list, table
 * and the number of alarms keeps to a bound that is written down there. At each call of a token endpoint (tokens.ts): one renewal at a
 * time, none without need, every pair saved before it is used and none lost whose answer arrived, no sign-in wanted where the grant is
 * good; and a source stops only for a credential refused twice, minutes apart (refusals.ts).
 *
 * What is checked at the end (oracle.ts), against the ledger of what really happened, which knows nothing of
 * events, pages or connectors: every
 * fact is at the destination, with its time and amount, once; what arrived again is excused item by item, where its POST was taken
 * and no report of it committed; every customer's last state, and none older after a newer one; each person's ids joined by aliases;
 * what is missing is in quarantine, and poison, or stepped over with its place in quarantine, or given up by the user, or was reported
 * as incomplete; of a source that was deleted and the one made again, both together miss nothing; nothing is stuck; statuses and
 * counters say what is so; the next run, which finds nothing, costs one partner call a live stream and forwards nothing; partner calls
 * stay within a budget.
 */
import { parseArgs } from "node:util"
import { withCoverage } from "./coverage.ts"
import { AUTHS, PARTNERS, type PartnerName } from "./partners.ts"
import { overPool, type Told } from "./pool.ts"
import { shrink } from "./shrink.ts"
import { simulate, type Verdict } from "./world.ts"

const STORY_LINES = 400
const FAILURES_SHOWN = 20

const { values } = parseArgs({
  options: {
    partner: { type: "string", default: "stripe" },
    auth: { type: "string" },
    seeds: { type: "string" },
    seed: { type: "string" },
    steps: { type: "string" },
    without: { type: "string", default: "" },
    processes: { type: "string", default: "2" },
    story: { type: "boolean", default: false },
    coverage: { type: "boolean", default: false },
    /** Ends with the first failing seed, untold: for mutants.ts. */
    first: { type: "boolean", default: false },
    child: { type: "boolean", default: false },
  },
})
const without = values.without.split(",").filter((name) => name !== "")
const steps = values.steps === undefined ? undefined : Number(values.steps)
const partner = oneOf("partner", Object.keys(PARTNERS) as PartnerName[], values.partner)
const auth = values.auth === undefined ? undefined : oneOf("auth", AUTHS, values.auth)
const options = {
  partner,
  ...(auth !== undefined && { auth }),
  without: new Set(without),
  ...(steps !== undefined && { steps }),
}

if (values.child) child()
else if (values.seeds === undefined) await one(Number(values.seed ?? 1))
else if (values.coverage) await withCoverage(ofAll)
else await many({})

/** What is shipped is for every partner and every way to be let in: a tenth as many seeds of each of the others. */
async function ofAll(env: Record<string, string>): Promise<void> {
  await many(env)
  for (const mix of [
    ["--partner", "stripe", "--auth", "oauth"],
    ["--partner", "shopify", "--auth", "either"],
    ["--partner", "meadow", "--auth", "key"],
  ])
    await many(env, mix, Math.ceil(Number(values.seeds) / 10))
}

function oneOf<T extends string>(option: string, known: readonly T[], given: string): T {
  const found = known.find((name) => name === given)
  if (found === undefined) throw new Error(`--${option} is one of ${known.join(", ")}`)
  return found
}

async function one(seed: number): Promise<void> {
  const verdict = await simulate(seed, { ...options, isTold: values.story })
  if (values.story) tell(verdict, without)
  if (verdict.faults.length === 0) return console.log(`seed ${seed} is clean: ${countsOf(verdict)}`)
  process.exitCode = 1
  if (!values.story) await explain(verdict)
}

async function many(env: Record<string, string>, mix: string[] = [], count = Number(values.seeds)): Promise<void> {
  const startedAt = performance.now()
  const failed: Told[] = []
  const sums: Record<string, number> = {}
  let done = 0
  const first = Number(values.seed ?? 1)
  const goesOn = () => !(values.first && failed.length > 0)
  const told = (seed: Told) => {
    done++
    for (const [name, times] of Object.entries(seed.struck)) sums[name] = (sums[name] ?? 0) + times
    for (const name of ["events", "items", "partnerCalls"] as const) sums[name] = (sums[name] ?? 0) + seed[name]
    if (seed.faults.length === 0) return
    failed.push(seed)
    if (failed.length <= FAILURES_SHOWN) console.log(`seed ${seed.seed} fails: ${seed.faults[0]?.slice(0, 300)}`)
  }
  // Alone, and with nothing to measure, this process does it itself.
  const isAlone = values.processes === "1" && mix.length === 0 && Object.keys(env).length === 0
  if (isAlone) for (let seed = first; seed < first + count && goesOn(); seed++) told(await toldOf(seed))
  else
    await overPool({
      ...{ file: import.meta.filename, args: [...process.argv.slice(2), ...mix], env },
      ...{ processes: Number(values.processes), first, count, goesOn, told },
    })
  const seconds = (performance.now() - startedAt) / 1000
  const { events, items, partnerCalls, ...struck } = sums
  const strikes = Object.values(struck).reduce((sum, times) => sum + times, 0)
  console.log(
    `${done} seeds, ${failed.length} failed, in ${seconds.toFixed(0)} s (${((1000 * seconds) / done).toFixed(0)} ms a seed)`,
  )
  console.log(`${events} events, ${partnerCalls} partner calls, ${items} items delivered, ${strikes} faults struck`)
  if (failed.length === 0) return
  process.exitCode = 1
  const seed = Math.min(...failed.map((one) => one.seed))
  if (mix.length > 0) console.log(`replay: npm run simulate -- ${mix.join(" ")} --seed ${seed} --story`)
  else if (values.first) console.log(`first failing seed: ${seed}`)
  else await explain(await simulate(seed, options))
}

async function explain(verdict: Verdict): Promise<void> {
  console.log(`seed ${verdict.seed} fails; shrinking it ...`)
  const shrunk = await shrink(verdict, without, steps)
  console.log(`left out ${shrunk.without.length} things in ${shrunk.tries} tries`)
  tell(shrunk.verdict, shrunk.without)
}

function tell({ seed, story, faults, scenario, struck }: Verdict, left: readonly string[]): void {
  const head = story.slice(0, STORY_LINES / 2)
  const tail = story.slice(Math.max(head.length, story.length - STORY_LINES / 2))
  const cut = story.length - head.length - tail.length
  console.log([...head, ...(cut > 0 ? [`... ${cut} lines ...`] : []), ...tail].join("\n"))
  console.log(
    `\npages of ${scenario.pageSize}, every ${scenario.intervalHours} h; struck: ${struck.join(", ") || "nothing"}`,
  )
  for (const fault of faults) console.log(`BROKEN: ${fault}`)
  const rest = left.length > 0 ? ` --without "${left.join(",")}"` : ""
  const which = `${partner === "stripe" ? "" : ` --partner ${partner}`}${auth === undefined ? "" : ` --auth ${auth}`}`
  console.log(`\nreplay: npm run simulate --${which} --seed ${seed}${rest} --story`)
}

function countsOf({ events, partnerCalls, items, struck }: Verdict): string {
  return `${events} events, ${partnerCalls} partner calls, ${items} items, ${struck.length} faults struck`
}

async function toldOf(seed: number): Promise<Told> {
  const { faults, struck, events, items, partnerCalls } = await simulate(seed, options)
  const times: Record<string, number> = {}
  for (const name of struck) times[name.split("#")[0] ?? ""] = (times[name.split("#")[0] ?? ""] ?? 0) + 1
  return { seed, faults, struck: times, events, items, partnerCalls }
}

/** Simulates the seeds it is handed until there are none left. */
function child(): void {
  const send = (message: Told | "ready") => process.send?.(message)
  process.on("message", async ({ seeds }: { seeds: number[] }) => {
    if (seeds.length === 0) return process.disconnect()
    for (const seed of seeds) {
      const told = await toldOf(seed)
      send(told)
      if (values.first && told.faults.length > 0) break
    }
    send("ready")
  })
  send("ready")
}
