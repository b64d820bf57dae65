import { Hono } from "hono"
import type { Caller } from "../../auth/token.ts"
import type { Tenant } from "../../db/database.ts"
import type { Bindings } from "../../env.ts"
import type { ApiPorts } from "../../worker/platform.ts"

/** What every handler finds in its context. */
export interface ApiEnv {
  Bindings: Bindings
  Variables: {
    ports: ApiPorts
    caller: Caller
    /** The path's organization and project, known to be the caller's. */
    tenant: Tenant
  }
}

export const api = () => new Hono<ApiEnv>()
