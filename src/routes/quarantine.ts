/** Refused items and unreadable records: why, and what to do with them. They hold personal data: editors only. */
import { z } from "zod"
import { paging } from "../api/fields.ts"
import { pageOf, quarantineView } from "../api/views.ts"
import { numberOf } from "../db/paging.ts"
import { findSource } from "../db/sources.ts"
import { Problem } from "../errors.ts"
import { COMMAND, command } from "../use-cases/ask-source.ts"
import { discardItem, discardItems, replayItems } from "../use-cases/empty-quarantine.ts"
import { api } from "./kit/api.ts"
import { body, operation, query } from "./kit/operation.ts"

const IDS_MAX = 100

const tag = "Quarantine"

const Entries = z.strictObject({
  ids: z.union([z.literal("all"), z.array(z.int().positive()).min(1).max(IDS_MAX)], {
    error: `must be "all" or 1 to ${IDS_MAX} ids.`,
  }),
})

const Replayed = z.object({
  replayed: z.int(),
  left: z
    .int()
    .describe(
      "What stays: records that could not be normalized, which a resync reads again; and items that find no room in the outbox, to be replayed once what waits there is delivered.",
    ),
})

const Discarded = z.object({ discarded: z.int() })

export const quarantineRoutes = api()
  .get(
    "/sources/:id/quarantine",
    operation({
      summary: "What was refused, and why; newest first",
      ...{ tag, role: "editor", status: 200, answer: pageOf(quarantineView), problems: COMMAND },
    }),
    query(paging),
    async (c) => {
      const { ports, tenant } = c.var
      const { limit, cursor = null } = c.req.valid("query")
      if (cursor !== null) numberOf(cursor)
      const row = await findSource(ports.db, tenant, c.req.param("id"))
      const page = await command(ports, row, (source) => source.quarantine({ limit, cursor }))
      return c.json({ data: page.entries, cursor: page.cursor })
    },
  )
  .post(
    "/sources/:id/quarantine/replay",
    operation({
      summary: "Deliver refused items again",
      ...{ tag, role: "editor", status: 200, answer: Replayed, problems: COMMAND },
    }),
    body(Entries),
    async (c) => c.json(await replayItems(c.var, c.req.param("id"), c.req.valid("json").ids)),
  )
  .post(
    "/sources/:id/quarantine/discard",
    operation({
      summary: "Forget refused items and records that could not be read",
      ...{ tag, role: "editor", status: 200, answer: Discarded, problems: COMMAND },
    }),
    body(Entries),
    async (c) => c.json(await discardItems(c.var, c.req.param("id"), c.req.valid("json").ids)),
  )
  .delete(
    "/sources/:id/quarantine/:item",
    operation({
      summary: "Forget a refused item",
      ...{ tag, role: "editor", status: 204, answer: null, problems: COMMAND },
    }),
    async (c) => {
      const item = Number(c.req.param("item"))
      if (!Number.isSafeInteger(item)) throw new Problem("not_found")
      await discardItem(c.var, c.req.param("id"), item)
      return c.body(null, 204)
    },
  )
