/** For load balancers and monitors: settings are complete and the database answers. */
import { sql } from "drizzle-orm"
import { z } from "zod"
import { Problem } from "../errors.ts"
import { api } from "./kit/api.ts"
import { operation } from "./kit/operation.ts"
import { limitAddress } from "./kit/rates.ts"

const Health = z.object({ status: z.literal("ok") })

export const healthRoutes = api().get(
  "/healthz",
  limitAddress,
  operation({
    summary: "Whether the service can work",
    ...{ tag: "Service", role: null, status: 200, answer: Health, problems: ["misconfigured", "unavailable"] },
  }),
  async (c) => {
    const answered = await c.var.ports.db.run(sql`select 1`).then(
      () => true,
      () => false,
    )
    if (!answered) throw new Problem("unavailable", { detail: "The database does not answer." })
    return c.json({ status: "ok" as const })
  },
)
