/**
 * The sandbox as a Worker of its own: the simulated partners and destination that `npm start`, end-to-end tests and benchmarks
 * talk to. The app's Worker reaches it through the service binding EGRESS, which passes `https://api.stripe.com/...` and
 * `https://api.intempt.com/...` through unchanged. Tests reach its remote control (see `admin.ts`) under the host `sandbox` or
 * the path prefix `/__sandbox/` on any host, for instance by `fetch("http://localhost:<its port>/__sandbox/clock")`. Browsers,
 * which pass through no binding, find the partners' own pages under `/__sandbox/browser/<host>/`.
 *
 * Everything lives in one Durable Object: in memory, written through to SQLite, so that accounts, ledger and received items
 * survive a killed process.
 */
import { DurableObject } from "cloudflare:workers"
import { handleAdmin, isAdmin } from "./admin.ts"
import { ConnectionReset, respond } from "./deliver.ts"
import { callOf } from "./http.ts"
import { createSandbox, type Sandbox } from "./sandbox.ts"
import { createSqlStore, readRows, wipe } from "./sql.ts"

interface Env {
  WORLD: DurableObjectNamespace<World>
  /** A number; the same seed gives the same ids and histories. */
  SEED?: string
}

export class World extends DurableObject<Env> {
  private readonly sandbox: Sandbox

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.sandbox = createSandbox({ seed: Number(env.SEED ?? 1), store: createSqlStore(ctx.storage) })
    this.sandbox.restore(readRows(ctx.storage))
  }

  override async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url)
    const seen = browserUrl(url)
    if (seen) return this.sandbox.handle(new Request(seen, request))
    if (!isAdmin(url)) return this.sandbox.handle(request)
    if (url.pathname.endsWith("/reset")) wipe(this.ctx.storage)
    return respond(handleAdmin(this.sandbox, await callOf(request)))
  }
}

export default {
  async fetch(request, env): Promise<Response> {
    try {
      return await env.WORLD.getByName("world").fetch(request)
    } catch (error) {
      if (isReset(error)) return cutOff()
      throw error
    }
  },
} satisfies ExportedHandler<Env>

/** A browser cannot be sent to a partner's real host: `/__sandbox/browser/<host>/<path>` stands for it. */
function browserUrl(url: URL): string | null {
  const [, host, path] = /^\/__sandbox\/browser\/([^/]+)(\/.*)$/.exec(url.pathname) ?? []
  return host && path ? `https://${host}${path}${url.search}` : null
}

/**
 * A broken connection. A Worker cannot make its caller's fetch reject (`wrangler dev` turns what it throws into a 500), so the
 * break comes right behind the headers, before the first byte of the body.
 */
function cutOff(): Response {
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.error(new ConnectionReset("connection reset by peer"))
    },
  })
  return new Response(body, { headers: { "content-type": "application/json" } })
}

/** An error loses its class on its way out of the Durable Object. */
function isReset(error: unknown): boolean {
  return error instanceof Error && error.message.includes("connection reset")
}
