/**
 * The Worker under the benchmark: the product's own consumers and Durable Object, with counters around them and routes to start a
 * source, to look at it and to run the bare loop. Partner and destination run in another process, so that their work is not counted.
 */
import { getConnector } from "../../../src/connectors/index.ts"
import { consume } from "../../../src/pipeline/consume.ts"
import type { PipelinePorts } from "../../../src/pipeline/ports.ts"
import { objectName } from "../../../src/source/protocol/configuration.ts"
import { consumerPorts, queueNameOf, sourceOf } from "../../../src/worker/platform.ts"
import { SourceObject as ShippedSource } from "../../../src/worker/source-object.ts"
import { BENCH_REF, type Setup } from "../setup.ts"
import { runBare } from "./bare.ts"
import { configurationOf, connectorOf } from "./configuration.ts"
import { count, counters } from "./counters.ts"
import { counted, type Env } from "./env.ts"
import { setPace } from "./pace.ts"
import { type TableSize, tableSizes } from "./tables.ts"
import { countedCalls, watchLogs, watchStorage } from "./watch.ts"

/** Looks at what is due and writes a row. */
const ALARM_MS = 10

watchLogs()

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

  tables(): TableSize[] {
    return tableSizes(this.ctx.storage.sql)
  }
}

interface Asked {
  env: Env
  source: string
  params: URLSearchParams
  setup(): Promise<Setup>
}

const ROUTES: Record<string, (asked: Asked) => unknown> = {
  "/counters": () => counters,
  "/pace": ({ params }) => setPace(Number(params.get("callsPerSecond"))),
  "/bare": async ({ env, setup }) => bare(env, await setup()),
  "/configure": async ({ env, source, setup }) => configure(env, source, await setup()),
  "/view": ({ env, source }) => sourceOf(env, nameOf(source)).view(),
  "/runs": ({ env, source }) => sourceOf(env, nameOf(source)).runs({ limit: 100, cursor: null }),
  "/sync": ({ env, source }) => sourceOf(env, nameOf(source)).syncNow(),
  "/erase": ({ env, source }) => sourceOf(env, nameOf(source)).erase(),
  "/tables": ({ env, source }) => benchObject(env, source).tables(),
}

export default {
  async fetch(request, env) {
    const { pathname, searchParams: params } = new URL(request.url)
    const route = ROUTES[pathname]
    if (!route) return new Response(null, { status: 404 })
    const setup = async (): Promise<Setup> => await request.json()
    return Response.json(await route({ env, source: params.get("source") ?? "", params, setup }))
  },
  async queue(batch, env) {
    counters.workerRequests++
    const lane = queueNameOf(batch.queue)
    if (lane) await consume(batch.messages, lane, portsOf(env))
  },
} satisfies ExportedHandler<Env>

function bare(env: Env, setup: Setup) {
  return runBare(portsOf(env), connectorOf(setup), setup)
}

async function configure(env: Env, source: string, setup: Setup) {
  return sourceOf(env, nameOf(source)).configure(await configurationOf(env, source, setup))
}

function nameOf(source: string): string {
  return objectName({ ...BENCH_REF, source })
}

/** The stub knows the method that the class above adds. */
function benchObject(env: Env, source: string): { tables(): Promise<TableSize[]> } {
  return env.SOURCES.getByName(nameOf(source)) as unknown as { tables(): Promise<TableSize[]> }
}

function portsOf(env: Env): PipelinePorts {
  const ports = consumerPorts(counted(env), getConnector)
  return { ...ports, source: (name) => countedCalls(ports.source(name)) }
}
