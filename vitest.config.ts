import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-pool-workers"
import { defineConfig } from "vitest/config"
import { dateOf } from "./test/support/dates/date.ts"

/** Everything that touches a binding runs in workerd, with a real D1, Durable Objects, alarms and queues. */
const IN_WORKERD = ["test/{routes,db,runtime}/**/*.test.ts"]
/** A real browser over a real `wrangler dev`: a project of its own, `npx vitest run --project e2e`. */
const IN_BROWSER = ["test/e2e/**/*.test.ts"]
/** The rest is pure and runs in plain node, which starts in a tenth of the time. */
const IN_NODE = ["test/**/*.test.ts"]

/** No test waits here; on a machine that does five things at once one may still take its time. */
const BUSY_TIMEOUT_MS = 60_000
const E2E_TIMEOUT_MS = 180_000
/** Real alarms and queues take the time they take, on a busy machine more. */
const WORKERD_TIMEOUT_MS = 20_000

/** 32 bytes each, for tests only. */
const TEST_VAULT_KEYS =
  "k2:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=,k1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
const TEST_AUTH_SECRET = "a-secret-of-the-test-suite-32-bytes-long"

const RATES = ["RATE_CALLER", "RATE_ADDRESS", "RATE_STARTS", "RATE_STREAMS"]
const NO_LIMIT = { namespace_id: "1", simple: { limit: 1_000_000, period: 60 as const } }

/** As the sandbox knows them. */
const TEST_OAUTH_CLIENTS = {
  OAUTH_STRIPE_CLIENT_ID: "ca_SandboxCloudSources",
  OAUTH_STRIPE_CLIENT_SECRET: "sk_test_51SandboxAppDeveloperKey0000",
  OAUTH_SHOPIFY_CLIENT_ID: "5a0db0c5a0db0c5a0db0c5a0db0c5a0d",
  OAUTH_SHOPIFY_CLIENT_SECRET: "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",
}

/** The same for every file of a run; named, so that a run that fails can be repeated. */
const NOW = new Date(dateOf(process.env.NOW)).toISOString()
console.log(`The tests run at NOW=${NOW}`)
const AT_NOW = { env: { NOW } }

export default defineConfig({
  test: {
    // Every core: most of a test's time is its own work, and the runtime's beside it.
    maxWorkers: "100%",
    projects: [
      {
        test: {
          name: "unit",
          // Pure functions share nothing but their modules, which need be read once.
          isolate: false,
          include: IN_NODE,
          exclude: [...IN_WORKERD, ...IN_BROWSER, "test/conformance/**"],
          testTimeout: BUSY_TIMEOUT_MS,
          setupFiles: ["test/support/dates/now.ts"],
          ...AT_NOW,
        },
      },
      { test: { name: "e2e", include: IN_BROWSER, testTimeout: E2E_TIMEOUT_MS, hookTimeout: E2E_TIMEOUT_MS } },
      {
        plugins: [
          cloudflareTest(async () => ({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              // Tests answer what leaves by a spy on `fetch`. What a background sync sends after the last test goes nowhere.
              outboundService: () => new Response("no network in tests", { status: 502 }),
              // A test file sends in seconds what a caller sends in an hour. Tests of the limits bring counters of their own.
              ratelimits: Object.fromEntries(RATES.map((name) => [name, NO_LIMIT])),
              bindings: {
                VAULT_KEYS: TEST_VAULT_KEYS,
                AUTH_SECRET: TEST_AUTH_SECRET,
                PUBLIC_URL: "https://cloud-sources.test",
                ...TEST_OAUTH_CLIENTS,
                TEST_MIGRATIONS: await readD1Migrations("./migrations"),
              },
            },
          })),
        ],
        test: {
          name: "workers",
          include: IN_WORKERD,
          setupFiles: [
            "test/support/dates/now.ts",
            "test/support/dates/alarms.ts",
            "test/support/platform/limits-in-workerd.ts",
            "test/support/platform/migrate.ts",
          ],
          testTimeout: WORKERD_TIMEOUT_MS,
          ...AT_NOW,
        },
      },
    ],
  },
})
