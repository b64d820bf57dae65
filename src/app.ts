/** The HTTP side: what stands before the routes, the routes, and what becomes of errors. */
import type { Context } from "hono"
import { routePath } from "hono/route"
import { secureHeaders } from "hono/secure-headers"
import { SettingsError } from "./env.ts"
import { Problem } from "./errors.ts"
import { framesOf } from "./lib/frames.ts"
import { auditRoutes } from "./routes/audit.ts"
import { catalogue } from "./routes/catalogue.ts"
import { createRoutes } from "./routes/create.ts"
import { metricRoutes, segmentRoutes } from "./routes/definitions.ts"
import { destinationRoutes } from "./routes/destination.ts"
import { healthRoutes } from "./routes/health.ts"
import { keyRoutes } from "./routes/keys.ts"
import { type ApiEnv, api } from "./routes/kit/api.ts"
import { authenticate, keptNowhere, limitBody, ports, sameProject } from "./routes/kit/guard.ts"
import { openapiOf } from "./routes/kit/openapi.ts"
import { limitAddress } from "./routes/kit/rates.ts"
import { oauthRoutes } from "./routes/oauth.tsx"
import { opsRoutes } from "./routes/ops.ts"
import { quarantineRoutes } from "./routes/quarantine.ts"
import { settingsRoutes } from "./routes/settings.ts"
import { sourceRoutes } from "./routes/sources.ts"
import { syncRoutes } from "./routes/sync.ts"
import { log } from "./worker/platform.ts"

/** Enough to find the place. */
const FRAMES_LOGGED = 5

/** Public, and changes with a release only. */
const DOCUMENT_CACHE = "public, max-age=300"

const projectRoutes = api()
  .use(authenticate, sameProject)
  .route("/", catalogue)
  .route("/", createRoutes)
  .route("/", sourceRoutes)
  .route("/", syncRoutes)
  .route("/", quarantineRoutes)
  .route("/", destinationRoutes)
  .route("/", settingsRoutes)
  .route("/metrics", metricRoutes)
  .route("/segments", segmentRoutes)
  .route("/", auditRoutes)

const operatorRoutes = api().use(authenticate).route("/", opsRoutes).route("/", keyRoutes)

export const app = api()
  .use(secureHeaders(), keptNowhere, limitBody, ports)
  .route("/v1/:org/projects/:project", projectRoutes)
  .route("/ops", operatorRoutes)
  .route("/oauth", oauthRoutes)
  .route("/", healthRoutes)

app.get("/openapi.json", limitAddress, (c) => c.json(document(), 200, { "cache-control": DOCUMENT_CACHE }))
app.notFound(() => new Problem("not_found").toResponse())
app.onError((error, c) => problemOfError(error, c).toResponse())

/** Made on first use and kept: it is public, and must not cost a little work each time anybody asks. */
function document(): ReturnType<typeof openapiOf> {
  made ??= openapiOf(app.routes)
  return made
}

let made: ReturnType<typeof openapiOf> | undefined

/** Only our own sentences reach the caller; of anything else they learn that it happened, and we learn what. */
function problemOfError(error: Error, c: Context<ApiEnv>): Problem {
  if (error instanceof Problem) return error
  if (error instanceof SettingsError) return new Problem("misconfigured", { detail: error.message })
  log("request_failed", {
    method: c.req.method,
    path: routePath(c),
    error: error.name,
    at: framesOf(error, FRAMES_LOGGED),
  })
  return new Problem("internal")
}
