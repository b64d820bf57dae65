/** What the demonstration connects: a seeded simulated account, or the real one named in the environment. */
import { sandboxClient } from "../stack/clients.ts"
import type { Stack } from "../stack/stack.ts"
import { dim, number, say } from "./display.ts"

const CUSTOMERS = 1_500
const DAYS = 400

export interface Prepared {
  org: string
  project: string
  apiKey: string
  destination: { org: string; project: string; sourceId: string; key: string }
}

export async function prepareSandbox(stack: Stack): Promise<Prepared> {
  const sandbox = sandboxClient(stack)
  const target = { org: "acme", project: "growth", sourceId: "1845392017263548901" }
  const { key } = await sandbox<{ key: string }>("POST", "/accounts", {
    name: "demo",
    mode: "live",
    options: { businessName: "Rocket Rides" },
  })
  const counts = await sandbox<Record<string, number>>("POST", "/seed", {
    account: "demo",
    customers: CUSTOMERS,
    days: DAYS,
  })
  await sandbox("POST", "/ingest-keys", {
    prefix: "demo",
    secret: "demosecret",
    org: target.org,
    project: target.project,
    source: target.sourceId,
  })
  say(
    dim(
      `  a simulated Stripe account: ${Object.entries(counts)
        .map(([kind, count]) => `${number(count)} ${kind}s`)
        .join(", ")}`,
    ),
  )
  return { org: "acme", project: "growth", apiKey: key, destination: { ...target, key: "demo.demosecret" } }
}

const NEEDED = ["STRIPE_API_KEY", "INTEMPT_ORG", "INTEMPT_PROJECT", "INTEMPT_SOURCE_ID", "INTEMPT_API_KEY"] as const

/** Fails with one sentence that names what is missing. */
export function prepareLive(env: NodeJS.ProcessEnv): Prepared {
  const missing = NEEDED.filter((name) => !env[name])
  if (missing.length > 0) {
    say(`--live needs these in the environment: ${missing.join(", ")}`)
    process.exit(2)
  }
  const value = (name: (typeof NEEDED)[number]) => env[name] ?? ""
  const target = { org: value("INTEMPT_ORG"), project: value("INTEMPT_PROJECT"), sourceId: value("INTEMPT_SOURCE_ID") }
  return {
    ...{ org: target.org, project: target.project },
    apiKey: value("STRIPE_API_KEY"),
    destination: { ...target, key: value("INTEMPT_API_KEY") },
  }
}
