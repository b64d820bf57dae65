/** Waiting for a source, as a user watches it. */
import type { apiClient } from "../stack/clients.ts"
import { progress } from "./display.ts"
import type { Live, Run, Source } from "./views.ts"

const POLL_MS = 300
const PATIENCE_MS = 600_000

type Api = Awaited<ReturnType<typeof apiClient>>

/** Draws progress until nothing is being read and everything read is delivered. */
export async function followToEnd(api: Api, id: string): Promise<Live> {
  const picture = progress()
  return poll(api, id, (live) => {
    const isOver = live.current.length === 0 && live.delivery.waiting === 0 && live.lastRun !== null
    if (isOver) picture.done(live)
    else picture.draw(live)
    return isOver ? live : null
  })
}

/** The run, once everything it read has been delivered. */
export function awaitRun(api: Api, id: string, run: string): Promise<Run> {
  return poll(api, id, async () => {
    const found = await api<Run>("GET", `/sources/${id}/runs/${run}`)
    return found.endedAt === null ? null : found
  })
}

async function poll<T>(api: Api, id: string, look: (live: Live) => T | null | Promise<T | null>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS
  while (Date.now() < deadline) {
    const source = await api<Source>("GET", `/sources/${id}`)
    if (source.error) throw new Error(`${source.error.message} ${source.error.remedy}`)
    const found = source.live && (await look(source.live))
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  throw new Error("the sync did not come to an end")
}
