/** A helpdesk without one feed for everything: three live streams of their own orders and limits, two of them with lists beside. */
import { z } from "zod"
import { defineConnector } from "../../../src/connectors/kit/define.ts"
import { choose, event, LOOKBACK, sourceWorld, stream, type World } from "../source-world.ts"

const live = { mode: "live" as const, lookbackSeconds: LOOKBACK / 1000 }

export const desk = defineConnector<unknown>({
  name: "desk",
  title: "Desk",
  docs: "https://desk.test",
  config: z.unknown(),
  auth: [],
  baseUrl: () => "https://desk.test",
  headers: {},
  limits: { callsPerSecond: 10, docs: "", buckets: { search: { callsPerSecond: 2, docs: "" } } },
  account: { request: () => ({ path: "/" }), read: () => ({ id: "acct_1", name: "Desk", mode: "test" }) },
  collections: [{ ...event("Contacts"), kind: "object" }, { ...event("Companies"), kind: "object" }, event("Closings")],
  streams: [
    stream({ ...live, name: "contacts", title: "Contacts", collections: ["Contacts"] }),
    stream({ ...live, name: "companies", title: "Companies", collections: ["Companies"], bucket: "search" }),
    stream({ ...live, name: "conversations", title: "Conversations", collections: ["Closings"], order: "oldest" }),
    stream({ name: "contact_list", mode: "backfill", collections: ["Contacts"], reach: "all" }),
    stream({ name: "company_list", mode: "backfill", collections: ["Companies"], reach: "all", bucket: "search" }),
  ],
  pendingForDays: 60,
  classify: () => null,
  templates: { metrics: [], segments: [] },
})

export async function deskWorld(): Promise<World> {
  const world = sourceWorld(0, desk)
  await world.configure({ collections: choose("Contacts", "Companies", "Closings") })
  return world
}
