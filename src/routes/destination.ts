/** Where items go: the project's default, and a source's own. Keys are tested, sealed and never shown. */
import { destinationBody, followDestinationQuery } from "../api/requests.ts"
import { destinationView, sourceView } from "../api/views.ts"
import { findDestination } from "../db/destinations.ts"
import { Problem } from "../errors.ts"
import { configureAll } from "../use-cases/configure.ts"
import { followProjectDestination, setProjectDestination, setSourceDestination } from "../use-cases/set-destination.ts"
import { sourceAnswer } from "./kit/answer.ts"
import { api } from "./kit/api.ts"
import { body, operation, query } from "./kit/operation.ts"
import { publicDestination } from "./kit/public.ts"

const tag = "Destination"
const TESTED =
  "The key is tested with a request that carries no items: a right key is told from a wrong one, and nothing is written."

export const destinationRoutes = api()
  .get(
    "/destination",
    operation({
      summary: "The project's destination",
      ...{ tag, role: "viewer", status: 200, answer: destinationView, problems: ["not_found"] },
    }),
    async (c) => {
      const row = await findDestination(c.var.ports.db, c.var.tenant)
      if (!row) throw new Problem("not_found", { detail: "The project has no destination yet. Set it with PUT." })
      return c.json(publicDestination(row))
    },
  )
  .put(
    "/destination",
    operation({
      summary: "Set the project's destination",
      description: `${TESTED} All sources that have none of their own follow it.`,
      ...{ tag, role: "admin", status: 200, answer: destinationView },
      problems: ["destination_rejected", "destination_unreachable", "was_connected_before"],
    }),
    body(destinationBody),
    async (c) => {
      const { destination, followers } = await setProjectDestination(c.var, c.req.valid("json"))
      c.executionCtx.waitUntil(configureAll(c.var.ports, followers))
      return c.json(publicDestination(destination))
    },
  )
  .put(
    "/sources/:id/destination",
    operation({
      summary: "Give a source a destination of its own",
      description: `Intempt advises one source there for each origin of data. ${TESTED}`,
      ...{ tag, role: "admin", status: 200, answer: sourceView },
      problems: ["not_found", "destination_rejected", "destination_unreachable", "conflict", "was_connected_before"],
    }),
    body(destinationBody),
    async (c) => {
      const changed = await setSourceDestination(c.var, c.req.param("id"), c.req.valid("json"))
      return c.json(await sourceAnswer(c.var.ports, changed))
    },
  )
  .delete(
    "/sources/:id/destination",
    operation({
      summary: "Let a source follow the project's destination again",
      ...{ tag, role: "admin", status: 200, answer: sourceView },
      problems: ["not_found", "conflict", "was_connected_before"],
    }),
    query(followDestinationQuery),
    async (c) => {
      const { duplicates } = c.req.valid("query")
      const changed = await followProjectDestination(c.var, c.req.param("id"), duplicates)
      return c.json(await sourceAnswer(c.var.ports, changed))
    },
  )
