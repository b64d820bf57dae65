/** Running: sync settings, sync now, history, progress, reading a collection again. */
import { streamSSE } from "hono/streaming"
import { z } from "zod"
import * as fields from "../api/fields.ts"
import { pageOf, runView, sourceView } from "../api/views.ts"
import { chooseConnector } from "../control/choose.ts"
import { configure } from "../control/configure.ts"
import { planSync } from "../control/create.ts"
import { auditStatement } from "../db/audit.ts"
import { badCursor } from "../db/paging.ts"
import { changeSource, findSource, type SourceRow } from "../db/sources.ts"
import { badField, Problem } from "../errors.ts"
import { parseDay } from "../source/startdate.ts"
import { COMMAND, command, viewOf } from "./kit/answers.ts"
import { api } from "./kit/api.ts"
import { entryOf } from "./kit/entry.ts"
import { body, operation, query } from "./kit/operation.ts"
import { follow, takeStream } from "./kit/progress.ts"
import { publicSource } from "./kit/public.ts"
import { callerKey, countCaller } from "./kit/rates.ts"

const tag = "Syncing"
/** A run's id, which is also the cursor of the list of runs. */
const RUN = /^run_\d{1,15}$/

const UpdateSync = fields.sync.refine((sync) => Object.keys(sync).length > 0, "must change something.")

const Resync = z.strictObject({
  from: fields.day.optional().describe("UTC. Default: the source's start date."),
  duplicates: z
    .literal("accept", { error: 'may only be "accept".' })
    .optional()
    .describe("Needed for event collections."),
})

const Started = z.object({ run: z.string().describe("Its id; read it with GET /sources/{id}/runs/{run}.") })

export const syncRoutes = api()
  .put(
    "/sources/:id/sync",
    operation({
      summary: "Change start date or interval",
      description: "An earlier start date reads the gap; a later one reads nothing again. Only what is sent changes.",
      ...{ tag, role: "editor", status: 200, answer: sourceView, problems: ["not_found", "draft", "conflict"] },
    }),
    body(UpdateSync),
    async (c) => {
      const { ports, tenant } = c.var
      const row = await findSource(ports.db, tenant, c.req.param("id"))
      if (row.status === "draft") throw new Problem("draft")
      const entry = entryOf(c, "source.scheduled", row.id, c.req.valid("json"))
      const changed = await changeSource(ports.db, row, planSync(c.req.valid("json"), entry.at, row), entry)
      return c.json(publicSource(changed, await configure(ports, changed)))
    },
  )
  .post(
    "/sources/:id/sync",
    operation({
      summary: "Sync now",
      ...{ tag, role: "editor", status: 202, answer: Started },
      problems: [...COMMAND, "paused", "source_error", "checking_credentials", "run_in_progress", "too_soon"],
    }),
    async (c) => {
      const { ports, tenant } = c.var
      const row = await findSource(ports.db, tenant, c.req.param("id"))
      const { run } = await command(ports, row, (source) => source.syncNow())
      await auditStatement(ports.db, tenant, entryOf(c, "source.synced", row.id, { run }))
      return c.json({ run }, 202)
    },
  )
  .get(
    "/sources/:id/runs",
    operation({
      summary: "Runs, newest first",
      ...{ tag, role: "viewer", status: 200, answer: pageOf(runView), problems: COMMAND },
    }),
    query(fields.paging),
    async (c) => {
      const { ports, tenant } = c.var
      const { limit, cursor = null } = c.req.valid("query")
      if (cursor !== null && !RUN.test(cursor)) throw badCursor()
      const row = await findSource(ports.db, tenant, c.req.param("id"))
      const page = await command(ports, row, (source) => source.runs({ limit, cursor }))
      return c.json({ data: page.runs, cursor: page.cursor })
    },
  )
  .get(
    "/sources/:id/runs/:run",
    operation({
      summary: "One run: counts, calls, waits, errors",
      ...{ tag, role: "viewer", status: 200, answer: runView, problems: COMMAND },
    }),
    async (c) => {
      const { ports, tenant } = c.var
      const row = await findSource(ports.db, tenant, c.req.param("id"))
      const { run } = await command(ports, row, (source) => source.run(c.req.param("run")))
      return c.json(run)
    },
  )
  .get(
    "/sources/:id/progress",
    operation({
      summary: "Progress as server-sent events",
      description:
        "An event `source` with the source as its data, at once and whenever something changed; ends after some minutes.",
      ...{ tag, role: "viewer", status: 200, answer: sourceView, type: "text/event-stream" },
      problems: COMMAND,
    }),
    async (c) => {
      const { ports, tenant } = c.var
      const row = await findSource(ports.db, tenant, c.req.param("id"))
      if (row.status === "draft") throw new Problem("draft")
      const look = async () => {
        const now = await findSource(ports.db, tenant, row.id)
        return publicSource(now, await viewOf(ports, now))
      }
      await countCaller(c, "streams")
      const giveBack = takeStream(callerKey(c.var.caller))
      return streamSSE(c, async (stream) => {
        stream.onAbort(giveBack)
        await follow(ports, stream, look).finally(giveBack)
      })
    },
  )
  .post(
    "/sources/:id/collections/:collection/resync",
    operation({
      summary: "Read one collection again",
      description:
        "The other collections are not touched. Events already delivered would be repeated: that takes a word.",
      ...{ tag, role: "editor", status: 202, answer: Started },
      problems: [
        ...COMMAND,
        ...(["paused", "source_error", "unknown_collection", "out_of_range", "duplicates_not_accepted"] as const),
        ...(["run_in_progress", "too_many_waiting"] as const),
      ],
    }),
    body(Resync),
    async (c) => {
      const { ports, tenant } = c.var
      const { from, duplicates } = c.req.valid("json")
      const row = await findSource(ports.db, tenant, c.req.param("id"))
      const collection = c.req.param("collection")
      refuseRepeats(row, collection, duplicates)
      const start = from === undefined ? null : dayField("from", from)
      const { run } = await command(ports, row, (source) => source.resync(collection, start))
      await auditStatement(
        ports.db,
        tenant,
        entryOf(c, "source.resynced", row.id, { collection, run, from: from ?? null }),
      )
      return c.json({ run }, 202)
    },
  )

function refuseRepeats(row: SourceRow, collection: string, duplicates: "accept" | undefined): void {
  const known = chooseConnector(row.connector).collections.find(({ name }) => name === collection)
  if (!known) throw new Problem("unknown_collection", { detail: `There is no collection "${collection}".` })
  if (known.kind === "object" || duplicates) return
  const message = `"${collection}" holds events. Intempt does not deduplicate them, so what was delivered would count twice.`
  throw new Problem("duplicates_not_accepted", { detail: message, errors: [{ field: "duplicates", message }] })
}

function dayField(field: string, text: string): number {
  const day = parseDay(text)
  if (day === null) throw badField(field, "must be a calendar date, YYYY-MM-DD.")
  return day
}
