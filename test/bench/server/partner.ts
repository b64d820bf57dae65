/**
 * What answers for the partner: what was recorded, and the simulation for what was not, which is recorded then. Where the account lives,
 * only the simulation.
 */
import type { AnyConnector } from "../../../src/connectors/kit/define.ts"
import type { Serving } from "../setup.ts"
import { DAYS, type Simulated, simulate, stripeCustomer } from "./accounts.ts"
import { manyCustomers } from "./customers.ts"
import { record } from "./record.ts"
import { type Asked, askedKey, type Replay } from "./replay.ts"
import { stripeReplay } from "./stripe.ts"

const OK = 200

export interface Partner {
  simulated: Simulated
  /** Rows of the account, by kind. */
  rows: Record<string, number>
  /** Null: only the simulation knows. */
  replay: Replay
  /** Asks the simulation; where the account does not change, the answer counts as recorded from then on. */
  simulate(asked: Asked, headers: Record<string, string>): Promise<Answer>
}

export interface Answer {
  status: number
  body: string
}

export async function createPartner(connector: AnyConnector, { kind, size }: Serving): Promise<Partner> {
  const simulated = simulate(connector.name, kind === "many" ? 0 : size)
  const replayLists = await REPLAYS[kind](connector, simulated, size)
  const others = new Map<string, string>()
  const replayOther: Replay = (asked) => {
    const key = askedKey(asked)
    const body = others.get(key)
    return body === undefined ? null : { rows: 0, key, body: () => body }
  }
  return {
    simulated,
    rows: kind === "many" ? { customer: size } : simulated.rows,
    replay: (asked) => replayLists(asked) ?? replayOther(asked),
    async simulate(asked, headers) {
      const answer = await ask(simulated, asked, headers)
      if (kind !== "living" && answer.status === OK) others.set(askedKey(asked), answer.body)
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
