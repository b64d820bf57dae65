import { describe, expect, it } from "vitest"
import { unstable_readConfig } from "wrangler"
import { RATE_PERIOD_S } from "../src/routes/kit/rates.ts"

/** As much of wrangler's configuration as is compared. */
interface Config {
  name: string
  vars: Record<string, unknown>
  d1_databases: { binding: string; database_name: string; migrations_dir: string }[]
  durable_objects: { bindings: { name: string; class_name: string }[] }
  migrations: unknown[]
  queues: { producers: { binding: string; queue: string }[]; consumers: { queue: string }[] }
  triggers: { crons: string[] }
  ratelimits: { name: string; namespace_id: string; simple: { limit: number; period: number } }[]
  limits: unknown
  services?: unknown[]
}

/** Wrangler does not inherit bindings: what one environment has, the others must repeat. */
const read = (env?: string): Config => unstable_readConfig({ config: "wrangler.toml", ...(env && { env }) })
const [base, production, sandbox] = [read(), read("production"), read("sandbox")]

function bindingsOf(config: Config) {
  return {
    vars: Object.keys(config.vars).sort(),
    d1: config.d1_databases.map(({ binding, migrations_dir }) => ({ binding, migrations_dir })),
    objects: config.durable_objects.bindings.map(({ name, class_name }) => ({ name, class_name })),
    migrations: config.migrations,
    producers: config.queues.producers.map(({ binding }) => binding),
    consumers: config.queues.consumers.map(({ queue, ...rest }) => ({ lane: queue.split("-").at(-1), ...rest })),
    crons: config.triggers.crons,
    rates: config.ratelimits.map(({ name, simple }) => ({ name, ...simple })),
    limits: config.limits,
  }
}

describe("wrangler.toml", () => {
  it.each([
    ["production", production],
    ["sandbox", sandbox],
  ])("gives %s the bindings that tests have", (_, config) => {
    expect(bindingsOf(config)).toEqual(bindingsOf(base))
  })

  it("counts each environment's requests by themselves, and in a period that Retry-After tells", () => {
    const rates = [base, production, sandbox].flatMap((config) => config.ratelimits)
    expect(rates).toHaveLength(12)
    expect(new Set(rates.map((one) => one.namespace_id)).size).toBe(rates.length)
    for (const { simple } of rates) expect(simple.period).toBe(RATE_PERIOD_S)
  })

  it("lets only the sandbox's requests go elsewhere", () => {
    expect([base, production].flatMap((config) => config.services ?? [])).toEqual([])
    expect(sandbox.services).toMatchObject([{ binding: "EGRESS", service: "cloud-sources-sandbox-partners" }])
    expect(production.vars.AUTHORIZE_ORIGINS).toBe("")
  })

  it("holds no secret", () => {
    for (const config of [base, production, sandbox])
      expect(Object.keys(config.vars)).not.toEqual(expect.arrayContaining([expect.stringMatching(/SECRET|VAULT/)]))
  })

  it("keeps the sandbox's data apart", () => {
    const names = (config: Config) => [
      config.name,
      ...config.d1_databases.map((one) => one.database_name),
      ...config.queues.producers.map((one) => one.queue),
    ]
    expect(names(sandbox).filter((name) => names(production).includes(name))).toEqual([])
  })
})
