/** One source as the answer of a request: what is stored, how it fares, and what to know of its money. */
import type { PublicSource } from "../../api/views.ts"
import { noticesFor } from "../../use-cases/notices.ts"
import type { ApiPorts } from "../../worker/platform.ts"
import { type Answered, publicSource } from "./public.ts"

export async function sourceAnswer(ports: Pick<ApiPorts, "db">, answered: Answered): Promise<PublicSource> {
  return publicSource({ ...answered, notices: await noticesFor(ports, answered.row) })
}
