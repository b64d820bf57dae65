/**
 * What answers for the partner: recorded pages, and the simulation for what was not recorded, once. Where the account lives, only the
 * simulation.
 */
import type { AnyConnector } from "../../../src/connectors/kit/define.ts"
import type { Serving } from "../setup.ts"
import { DAYS, type Simulated, simulate, stripeCustomer } from "./accounts.ts"
import { manyCustomers } from "./customers.ts"
import { record } from "./record.ts"
import { type Asked, askedKey, type Replay } from "./replay.ts"
import { stripeReplay } from "./stripe.ts"

export interface Partner {
  simulated: Simulated
  /** Rows of the account, by kind. */
  rows: Record<string, number>
  replay: Replay
  /** Asks the simulation, and keeps the answer where the account does not change. */
  simulate(asked: Asked, headers: Record<string, string>): Promise<Answer>
}

export interface Answer {
  status: number
  body: string
}

export async function createPartner(connector: AnyConnector, { kind, size }: Serving): Promise<Partner> {
  const simulated = simulate(connector.name, kind === "many" ? 0 : size)
  const kept = new Map<string, Answer>()
  return {
    simulated,
    rows: kind === "many" ? { customer: size } : simulated.rows,
    replay: await REPLAYS[kind](connector, simulated, size),
    async simulate(asked, headers) {
      const known = kept.get(askedKey(asked))
      if (known) return known
      const answer = await ask(simulated, asked, headers)
      if (kind !== "living") kept.set(askedKey(asked), answer)
      return answer
    },
  }
}

type Replaying = (connector: AnyConnector, simulated: Simulated, size: number) => Promise<Replay>

const REPLAYS: Record<Serving["kind"], Replaying> = {
  recorded: (connector, simulated) => record(connector, simulated),
  many: async ({ name }, _, size) => {
    if (name !== "stripe") throw new Error(`${name} has no made-up customers`)
    const customers = manyCustomers(size, await stripeCustomer(), { until: Date.now(), days: DAYS })
    return stripeReplay(new Map([["/v1/customers?", customers]]))
  },
  living: async () => () => null,
}

async function ask(simulated: Simulated, asked: Asked, headers: Record<string, string>): Promise<Answer> {
  const { method, path, query, body } = asked
  const url = `https://${headers["x-host"]}${path}${query === "" ? "" : `?${query}`}`
  const response = await simulated.handle(new Request(url, { method, headers, ...(body !== "" && { body }) }))
  return { status: response.status, body: await response.text() }
}
