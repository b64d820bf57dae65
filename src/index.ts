/** The Worker: requests to the app, wake-ups to the consumers, the cron to the watchdog. */
import { app } from "./app.ts"
import { getConnector } from "./connectors/index.ts"
import type { Bindings } from "./env.ts"
import { consume } from "./pipeline/consume.ts"
import { watch } from "./use-cases/watchdog.ts"
import { apiPorts, consumerPorts, log, queueNameOf, tokensOf } from "./worker/platform.ts"

export { SourceObject } from "./worker/source-object.ts"

export default {
  fetch: app.fetch,

  async queue(batch, env) {
    const queue = queueNameOf(batch.queue)
    // `consume` settles each message itself and does not throw: a thrown handler would deliver settled ones again.
    if (queue) await consume(batch.messages, queue, consumerPorts(env, getConnector))
    else log("unknown_queue", { queue: batch.queue, messages: batch.messages.length })
  },

  async scheduled({ scheduledTime }, env) {
    await watch({ ...apiPorts(env), tokens: tokensOf(env, getConnector) }, scheduledTime)
  },
} satisfies ExportedHandler<Bindings>
