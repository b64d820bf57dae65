/** Where items go: the project's default, and a source's own. Keys are tested, sealed and never shown. */
import type { z } from "zod"
import { again, target } from "../api/fields.ts"
import { destinationView, sourceView } from "../api/views.ts"
import { configure, configureAll, projectRef, refOf } from "../control/configure.ts"
import { refuseConnectedBefore } from "../control/former.ts"
import { acceptTarget } from "../control/target.ts"
import type { Tenant } from "../db/database.ts"
import { findDestination, followersOf, putDestination } from "../db/destinations.ts"
import type { StoredDestination } from "../db/schema.ts"
import { changeSource, findSource } from "../db/sources.ts"
import { Problem } from "../errors.ts"
import { api } from "./kit/api.ts"
import { entryOf } from "./kit/entry.ts"
import { body, operation } from "./kit/operation.ts"
import { publicDestination, publicSource, publicTarget } from "./kit/public.ts"

const tag = "Destination"
const Target = target.extend({ duplicates: again.duplicates })
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
    body(Target),
    async (c) => {
      const { ports, tenant } = c.var
      const sent = c.req.valid("json")
      const stored = await acceptTarget(ports, projectRef(tenant), withDefaults(sent, tenant))
      if (!isSame((await findDestination(ports.db, tenant))?.target, stored))
        await refuseConnectedBefore(ports, await followersOf(ports.db, tenant), stored, sent.duplicates)
      const entry = entryOf(c, "destination.changed", "destination", publicTarget(stored))
      const { destination, followers } = await putDestination(ports.db, tenant, stored, entry)
      c.executionCtx.waitUntil(configureAll(ports, followers))
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
    body(Target),
    async (c) => {
      const { ports, tenant } = c.var
      const row = await findSource(ports.db, tenant, c.req.param("id"))
      const sent = c.req.valid("json")
      const stored = await acceptTarget(ports, refOf(row), withDefaults(sent, tenant))
      const last = row.destination ?? (await findDestination(ports.db, tenant))?.target
      if (row.status !== "draft" && !isSame(last, stored))
        await refuseConnectedBefore(ports, [row], stored, sent.duplicates)
      const entry = entryOf(c, "destination.overridden", row.id, publicTarget(stored))
      const patch = { destination: stored, destinationVersion: row.destinationVersion + 1 }
      const changed = await changeSource(ports.db, row, patch, entry)
      return c.json(publicSource(changed, await configure(ports, changed)))
    },
  )
  .delete(
    "/sources/:id/destination",
    operation({
      summary: "Let a source follow the project's destination again",
      ...{ tag, role: "admin", status: 200, answer: sourceView, problems: ["not_found", "conflict"] },
    }),
    async (c) => {
      const { ports, tenant } = c.var
      const row = await findSource(ports.db, tenant, c.req.param("id"))
      const entry = entryOf(c, "destination.overridden", row.id, { follows: "project" })
      const patch = { destination: null, destinationVersion: row.destinationVersion + 1 }
      const changed = await changeSource(ports.db, row, patch, entry)
      return c.json(publicSource(changed, await configure(ports, changed)))
    },
  )

/** Another key of the same destination moves nothing. */
type Place = Pick<StoredDestination, "org" | "project" | "sourceId">

function isSame(one: Place | undefined, other: Place): boolean {
  return one?.org === other.org && one.project === other.project && one.sourceId === other.sourceId
}

/** Intempt's organization and project are usually the ones of the path. */
function withDefaults({ org, project, sourceId, key }: z.output<typeof target>, tenant: Tenant) {
  return { org: org ?? tenant.org, project: project ?? tenant.project, sourceId, key }
}
