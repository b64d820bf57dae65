/** The whole product in this process, over the sandbox: a source's machine on memory, its consumers, and a clock that stands still. */
import { getConnector } from "../../src/connectors/index.ts"
import { stripe } from "../../src/connectors/stripe.ts"
import { runFetch } from "../../src/pipeline/fetch.ts"
import { runForward } from "../../src/pipeline/forward.ts"
import type { PipelinePorts } from "../../src/pipeline/ports.ts"
import { SourceEngine } from "../../src/source/engine/engine.ts"
import type { QueueName } from "../../src/source/ports.ts"
import type { Configuration } from "../../src/source/protocol/configuration.ts"
import type { Sandbox } from "../sandbox/sandbox.ts"
import { memoryStore } from "../support/platform/memory-store.ts"
import { choose, configurationOf } from "../support/source-world.ts"

export const NOW = Date.UTC(2026, 10, 20, 12)
const DAY_MS = 86_400_000

export interface Product {
  engine: SourceEngine
  /** Does all that is to be done now. */
  work(): Promise<void>
}

/** A Stripe source with every collection, connected now; what it forwards goes to the sandbox's destination. */
export async function connect(sandbox: Sandbox, apiKey: string): Promise<Product> {
  const due: QueueName[] = []
  const random = { next: () => 0.5, id: (prefix: string) => `${prefix}_${ids++}` }
  let ids = 1
  const never = () => Promise.reject(new Error("no tokens in this test"))
  const engine = new SourceEngine({
    clock: { now: sandbox.clock.now },
    random,
    store: memoryStore(),
    wake: async (lane) => void due.push(lane),
    publish: async () => undefined,
    cipher: { open: async (sealed) => sealed },
    tokens: { refresh: never, revoke: never },
    tryCredential: never,
    connector: getConnector,
    log: () => undefined,
  })
  const ports: PipelinePorts = {
    clock: { now: sandbox.clock.now, sleep: async () => undefined, timeout: () => new AbortController().signal },
    random,
    http: (url, init) => sandbox.handle(new Request(url, init)),
    source: () => engine,
    log: () => undefined,
    connector: getConnector,
  }
  const work = async () => {
    for (let lane = due.shift(); lane !== undefined; lane = due.shift()) await consume(ports, lane)
  }
  sandbox.intempt.addKey({ prefix: "p", secret: "s", org: "o", project: "p" })
  await engine.configure(configurationFor(apiKey))
  await work()
  return { engine, work }
}

async function consume(ports: PipelinePorts, lane: QueueName): Promise<void> {
  if (lane === "forward") await runForward(ports, "o/p/src_1")
  else await runFetch(ports, "o/p/src_1", lane === "fetch" ? "live" : "backfill")
}

function configurationFor(credential: string): Configuration {
  return configurationOf({
    connector: stripe.name,
    collections: choose(...stripe.collections.map(({ name }) => name)),
    credential,
    destination: { org: "o", project: "p", sourceId: "1845392017263548901", key: "p.s", owner: "" },
    startDate: NOW - 365 * DAY_MS,
    connectedAt: NOW,
  })
}
