/** Running: sync settings, sync now, history, progress, reading a collection again. */
import { streamSSE } from "hono/streaming"
import { z } from "zod"
import * as fields from "../api/fields.ts"
import { resyncBody, updateSyncBody } from "../api/requests.ts"
import { pageOf, runView, sourceView } from "../api/views.ts"
import { badCursor } from "../db/paging.ts"
import { findSource } from "../db/sources.ts"
import { Problem } from "../errors.ts"
import { COMMAND, command, viewOf } from "../use-cases/ask-source.ts"
import { resync, syncNow } from "../use-cases/sync-source.ts"
import { updateSync } from "../use-cases/update-source.ts"
import { sourceAnswer } from "./kit/answer.ts"
import { api } from "./kit/api.ts"
import { body, operation, query } from "./kit/operation.ts"
import { followSource, takeStream } from "./kit/progress.ts"
import { callerKey, countCaller } from "./kit/rates.ts"

const tag = "Syncing"
/** A run's id, which is also the cursor of the list of runs. */
const RUN = /^run_\d{1,15}$/

const Started = z.object({ run: z.string().describe("Its id; read it with GET /sources/{id}/runs/{run}.") })

export const syncRoutes = api()
  .put(
    "/sources/:id/sync",
    operation({
      summary: "Change start date or interval",
      description: "An earlier start date reads the gap; a later one reads nothing again. Only what is sent changes.",
      ...{ tag, role: "editor", status: 200, answer: sourceView, problems: ["not_found", "draft", "conflict"] },
    }),
    body(updateSyncBody),
    async (c) => {
      const changed = await updateSync(c.var, c.req.param("id"), c.req.valid("json"))
      return c.json(await sourceAnswer(c.var.ports, changed))
    },
  )
  .post(
    "/sources/:id/sync",
    operation({
      summary: "Sync now",
      ...{ tag, role: "editor", status: 202, answer: Started },
      problems: [...COMMAND, "paused", "source_error", "checking_credentials", "run_in_progress", "too_soon"],
    }),
    async (c) => c.json(await syncNow(c.var, c.req.param("id")), 202),
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
        return sourceAnswer(ports, { row: now, view: await viewOf(ports, now) })
      }
      await countCaller(c, "streams")
      const giveBack = takeStream(callerKey(c.var.caller))
      return streamSSE(c, async (stream) => {
        stream.onAbort(giveBack)
        await followSource(ports, stream, look).finally(giveBack)
      })
    },
  )
  .post(
    "/sources/:id/collections/:collection/resync",
    operation({
      summary: "Read one collection again",
      description:
        "The other collections are not touched. Events already delivered would be repeated, so that `duplicates` must accept it.",
      ...{ tag, role: "editor", status: 202, answer: Started },
      problems: [
        ...COMMAND,
        ...(["paused", "source_error", "unknown_collection", "out_of_range", "duplicates_not_accepted"] as const),
        ...(["run_in_progress", "too_many_waiting"] as const),
      ],
    }),
    body(resyncBody),
    async (c) => {
      const { id, collection } = c.req.param()
      return c.json(await resync(c.var, id, collection, c.req.valid("json")), 202)
    },
  )
