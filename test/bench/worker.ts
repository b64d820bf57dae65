/**
 * The Worker under the benchmark: the product's own consumers and Durable Object, with counters around them and routes to start a
 * source and to run the bare loop. The partners run in another process, so that their work is not counted.
 */
import { connectors, getConnector } from "../../src/connectors/index.ts"
import type { AnyConnector } from "../../src/connectors/kit/define.ts"
import type { Bindings } from "../../src/env.ts"
import { consume } from "../../src/pipeline/consume.ts"
import type { PipelinePorts } from "../../src/pipeline/ports.ts"
import { type Configuration, objectName } from "../../src/source/protocol/configuration.ts"
import type { SourceWork } from "../../src/source/protocol/source.ts"
import { apiPorts, consumerPorts, queueNameOf, sourceOf } from "../../src/worker/platform.ts"
import { SourceObject as ShippedSource } from "../../src/worker/source-object.ts"
import { sealContext } from "../../src/worker/vault.ts"
import { runBare } from "./bare.ts"
import { count, counters, watchStorage } from "./counters.ts"
import { BENCH_REF, BENCH_TARGET, type Setup } from "./setup.ts"

interface Env extends Bindings {
  /** `http://127.0.0.1:port` of the simulated partners. */
  PARTNERS: string
  /** Calls a second in place of the published limits; 0: as published. */
  CALLS_PER_SECOND: number
}

/** Looks at what is due and writes a row. */
const ALARM_MS = 10

export class SourceObject extends ShippedSource {
  constructor(ctx: DurableObjectState, env: Env) {
    watchStorage(ctx.storage)
    super(ctx, counted(env))
  }

  override alarm() {
    count(counters.objectRequests, "alarm")
    counters.objectMs += ALARM_MS
    return super.alarm()
  }
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url)
    if (pathname === "/counters") return Response.json(counters)
    if (pathname === "/read") return Response.json(await readSoFar(env))
    if (pathname === "/sync") return Response.json(await sourceOf(env, objectName(BENCH_REF)).syncNow())
    if (pathname === "/view") return Response.json(await sourceOf(env, objectName(BENCH_REF)).view())
    const setup: Setup = await request.json()
    if (pathname === "/bare") return Response.json(await runBare(portsOf(env), connectorOf(setup), setup))
    return Response.json(await sourceOf(env, objectName(BENCH_REF)).configure(await configurationOf(env, setup)))
  },
  async queue(batch, env) {
    counters.workerRequests++
    const lane = queueNameOf(batch.queue)
    if (lane) await consume(batch.messages, lane, portsOf(env))
  },
} satisfies ExportedHandler<Env>

/** What all runs of the source have read. */
async function readSoFar(env: Env): Promise<{ pages: number; records: number }> {
  const answer = await sourceOf(env, objectName(BENCH_REF)).runs({ limit: 100, cursor: null })
  const runs = answer.ok ? answer.runs : []
  const sum = (what: "pages" | "records") => runs.reduce((all, run) => all + run[what], 0)
  return { pages: sum("pages"), records: sum("records") }
}

function portsOf(env: Env): PipelinePorts {
  const ports = consumerPorts(counted(env), getConnector)
  return { ...ports, source: (name) => countedSource(ports.source(name)), log: () => undefined }
}

function countedSource(source: SourceWork): SourceWork {
  const counted =
    <Args extends unknown[], Answer>(method: string, call: (...args: Args) => Promise<Answer>) =>
    async (...args: Args) => {
      count(counters.objectRequests, method)
      const startedAt = Date.now()
      try {
        return await call(...args)
      } finally {
        counters.objectMs += Date.now() - startedAt
      }
    }
  return {
    lease: counted("lease", (ask) => source.lease(ask)),
    checkpoint: counted("checkpoint", (page) => source.checkpoint(page)),
    settle: counted("settle", (settlement) => source.settle(settlement)),
    credential: counted("credential", (ask) => source.credential(ask)),
    claim: counted("claim", (ask) => source.claim(ask)),
    report: counted("report", (report) => source.report(report)),
  }
}

const countedEnvs = new WeakMap<Env, Env>()

/** The bindings with outbound requests sent to the partners' process, and queues that count. */
function counted(env: Env): Env {
  const made = countedEnvs.get(env) ?? countedOf(env)
  countedEnvs.set(env, made)
  return made
}

function countedOf(env: Env): Env {
  if (env.CALLS_PER_SECOND > 0) for (const { limits } of connectors) limits.callsPerSecond = env.CALLS_PER_SECOND
  const fetch = (url: string, init: RequestInit) => outbound(env, url, init)
  return {
    ...env,
    EGRESS: { fetch } as unknown as Fetcher,
    FETCH_QUEUE: countedQueue(env.FETCH_QUEUE),
    BACKFILL_QUEUE: countedQueue(env.BACKFILL_QUEUE),
    FORWARD_QUEUE: countedQueue(env.FORWARD_QUEUE),
  }
}

function outbound(env: Env, address: string, init: RequestInit): Promise<Response> {
  const { host, pathname, search } = new URL(address)
  count(counters.outbound, `${init.method} ${host}`)
  const headers = { ...(init.headers as Record<string, string>), "x-host": host }
  return fetch(`${env.PARTNERS}${pathname}${search}`, { ...init, headers })
}

function countedQueue(queue: Queue): Queue {
  const send: Queue["send"] = (body, options) => {
    counters.queueMessages++
    return queue.send(body, options)
  }
  return { send } as Queue
}

async function configurationOf(env: Env, setup: Setup): Promise<Configuration> {
  const { cipher } = apiPorts(env)
  const { credential, destinationKey, ...given } = setup
  const key = await cipher.seal(destinationKey, sealContext(BENCH_REF, "destination"))
  return {
    ...BENCH_REF,
    ...given,
    version: 1,
    identity: "email",
    collections: connectorOf(setup).collections.map(({ name }) => ({ name, fields: {} })),
    intervalHours: 1,
    active: true,
    credential: await cipher.seal(credential, sealContext(BENCH_REF, "credential")),
    credentialVersion: 1,
    destination: { ...BENCH_TARGET, key, owner: BENCH_REF.source },
    destinationVersion: 1,
  }
}

function connectorOf({ connector: name }: Setup): AnyConnector {
  const connector = getConnector(name)
  if (!connector) throw new Error(`no connector ${name}`)
  return connector
}
