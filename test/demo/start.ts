/**
 * `npm start`: the product at work on this machine. Sets up a fresh local database, starts the app beside simulated partners,
 * connects a Stripe source through the public API, syncs it, changes some data, syncs again, and stays open until Ctrl-C.
 *
 * `npm start -- --live` does the same against the real services, with these in the environment: STRIPE_API_KEY, INTEMPT_ORG,
 * INTEMPT_PROJECT, INTEMPT_SOURCE_ID, INTEMPT_API_KEY.
 */
import { AnswerError, apiClient, sandboxClient, token } from "../stack/clients.ts"
import { type Stack, startStack } from "../stack/stack.ts"
import { bold, dim, green, number, say } from "./display.ts"
import { awaitRun, followToEnd } from "./follow.ts"
import { type Prepared, prepareLive, prepareSandbox } from "./prepare.ts"
import type { Received, Run, Source } from "./views.ts"

const PORT = Number(process.env.PORT ?? 8787)
const CHANGES = 25

const isLive = process.argv.includes("--live")

async function main(): Promise<void> {
  const prepare = isLive ? prepareLive(process.env) : null
  say(bold("\nCloud sources"))
  say(dim(isLive ? "  against the real services" : "  against simulated partners: nothing leaves this machine"))
  const stack = await startStack({
    name: isLive ? "live" : "demo",
    kind: isLive ? "live" : "sandbox",
    port: PORT,
    onLine: onTrouble,
  })
  process.once("SIGINT", () => void stack.stop().then(() => process.exit(0)))
  process.once("SIGTERM", () => void stack.stop().then(() => process.exit(0)))
  try {
    await show(stack, prepare ?? (await prepareSandbox(stack)))
  } catch (error) {
    say(`\n${error instanceof Error ? error.message : error}\n`)
    await stack.stop()
    process.exit(1)
  }
}

async function show(stack: Stack, prepared: Prepared): Promise<void> {
  const api = await apiClient(stack, prepared.org, prepared.project)
  await api("PUT", "/destination", prepared.destination)
  say(`\n${bold("1. Connect")}  POST /sources, with a pasted Stripe key`)
  const body = {
    connector: "stripe",
    name: "Stripe",
    credentials: { apiKey: prepared.apiKey },
    sync: { intervalHours: 1 },
  }
  const source = await api<Source>("POST", "/sources", body)
  say(`   connected to ${source.account?.name} (${source.account?.mode} mode), syncing the last year\n`)

  say(`${bold("2. First sync")}  newest first`)
  await followToEnd(api, source.id)
  await summarize(api, source.id)

  if (!isLive) await showChanges(stack, api, source.id)
  say(`\n${green("Running.")} Every hour the source is synced again, at its own minute.`)
  say(`   the API        ${stack.url}/v1/${prepared.org}/projects/${prepared.project}/sources/${source.id}`)
  say(`   its description ${stack.url}/openapi.json`)
  if (!isLive) say(`   what arrived   ${stack.url}/__sandbox/received?limit=20`)
  say(dim(`   a token for it  ${await token(stack, prepared.org, prepared.project)}`))
  say(dim("\n   Ctrl-C ends it."))
}

type Api = Awaited<ReturnType<typeof apiClient>>

/** What the first sync cost, and what no list of the partner could tell it. */
async function summarize(api: Api, id: string): Promise<void> {
  const { data } = await api<{ data: Run[] }>("GET", `/sources/${id}/runs`)
  const records = data.reduce((sum, run) => sum + run.records, 0)
  const spent = data.reduce((sum, run) => sum + run.calls, 0)
  say(`   ${number(records)} records in ${number(spent)} partner calls`)
  const incomplete = data.flatMap((run) =>
    run.incomplete.map((one) => `   not told by any list: ${one.collection}: ${one.reason}`),
  )
  if (incomplete.length > 0) say(dim([...new Set(incomplete)].join("\n")))
}

async function showChanges(stack: Stack, api: Api, id: string): Promise<void> {
  const sandbox = sandboxClient(stack)
  say(`\n${bold("3. Something happens")}  ${CHANGES} things in the simulated Stripe account`)
  const before = (await sandbox<Received>("GET", "/received?limit=1")).total
  const { done } = await sandbox<{ done: string[] }>("POST", "/evolve", { account: "demo", steps: CHANGES })
  say(dim(`   ${tally(done)}`))
  const changed = await syncNow(api, id)
  const { items } = await sandbox<Received>("GET", `/received?after=${before}&limit=500`)
  say(
    `   Sync now: ${bold(calls(changed))}, ${number(items.length)} items forwarded, nothing else: ${tally(items.map((item) => item.name))}`,
  )

  say(`\n${bold("4. Nothing happens")}`)
  await showThrottle(api, id)
  const idle = await syncNow(api, id)
  const after = (await sandbox<Received>("GET", "/received?limit=1")).total
  say(`   Sync now: ${bold(calls(idle))}, ${number(after - before - items.length)} items forwarded`)
}

async function syncNow(api: Api, id: string): Promise<Run> {
  const { run } = await api<{ run: string }>("POST", `/sources/${id}/sync`)
  return awaitRun(api, id, run)
}

/** Sync now may be repeated only after a minute: shows the refusal, and waits it out. */
async function showThrottle(api: Api, id: string): Promise<void> {
  try {
    await api("POST", `/sources/${id}/sync`)
  } catch (error) {
    if (!(error instanceof AnswerError) || error.status !== 429) throw error
    const { retryAfterSeconds = 60, detail } = error.body as { retryAfterSeconds?: number; detail?: string }
    say(dim(`   429: ${detail} Waiting for it ...`))
    await new Promise((resolve) => setTimeout(resolve, 1000 * retryAfterSeconds))
  }
}

function calls(run: Run): string {
  return `${run.calls} partner call${run.calls === 1 ? "" : "s"}`
}

function tally(names: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].map(([name, count]) => `${count} ${name}`).join(", ")
}

/** Errors of the Worker itself are worth seeing; the development server's chatter is not. */
function onTrouble(line: string): void {
  if (/ERROR|Uncaught|source\.trouble/.test(line)) say(line)
}

await main()
