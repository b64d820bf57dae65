/** How a source comes about: at once, or as a draft that is finished later. */
import { createSourceBody, finishSourceBody } from "../api/requests.ts"
import { sourceView } from "../api/views.ts"
import { createSource } from "../use-cases/create-source.ts"
import { finishSource } from "../use-cases/finish-source.ts"
import { sourceAnswer } from "./kit/answer.ts"
import { api } from "./kit/api.ts"
import { idempotentRequest } from "./kit/idempotency.ts"
import { body, operation } from "./kit/operation.ts"

const tag = "Sources"

export const createRoutes = api()
  .post(
    "/sources",
    operation({
      summary: "Connect a source",
      description:
        "With all that it needs it starts at once; else it becomes a draft that says what is missing. A draft without " +
        "credentials has an `authorizeUrl` where its connector is connected by signing in: open it in a browser.",
      ...{ tag, role: "editor", status: 201, answer: sourceView, idempotent: true },
      problems: [
        ...(["unknown_connector", "unknown_collection", "unknown_template", "credentials_rejected"] as const),
        ...([
          "account_taken",
          "was_connected_before",
          "unavailable",
          "limit_reached",
          "account_unusable",
          "account_moved",
          "partner_unreachable",
          "partner_limited",
          "idempotency_mismatch",
          "idempotent_source_deleted",
          "install_code_invalid",
          "conflict",
        ] as const),
      ],
    }),
    body(createSourceBody),
    async (c) => {
      const created = await createSource(c.var, c.req.valid("json"), await idempotentRequest(c))
      return c.json(await sourceAnswer(c.var.ports, created), 201)
    },
  )
  .post(
    "/sources/:id/finish",
    operation({
      summary: "Finish a draft: its metrics and segments are made, its first run starts",
      ...{ tag, role: "editor", status: 200, answer: sourceView },
      problems: [
        ...([
          "not_found",
          "not_a_draft",
          "draft_incomplete",
          "unknown_collection",
          "unknown_template",
          "conflict",
        ] as const),
        ...(["was_connected_before"] as const),
      ],
    }),
    body(finishSourceBody),
    async (c) => {
      const finished = await finishSource(c.var, c.req.param("id"), c.req.valid("json"))
      return c.json(await sourceAnswer(c.var.ports, finished))
    },
  )
