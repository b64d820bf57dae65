/** Runs before every test file in workerd: each file has its own, empty D1. */
/// <reference types="@cloudflare/vitest-pool-workers/types" />
import { applyD1Migrations, type D1Migration } from "cloudflare:test"
import { env } from "cloudflare:workers"

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: typeof import("../../../src/index.ts")
    }
    interface Env {
      DB: D1Database
      TEST_MIGRATIONS: D1Migration[]
    }
  }
}

await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
