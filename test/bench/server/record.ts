/** Reads all lists of a simulated account once, and keeps their rows as text. */
import type { AnyConnector } from "../../../src/connectors/kit/define.ts"
import type { Http } from "../../../src/ports.ts"
import { listsOf, pagesOf } from "../pages.ts"
import type { Simulated } from "./accounts.ts"
import type { Recorder } from "./recorder.ts"
import type { Replay } from "./replay.ts"
import { createShopifyRecorder } from "./shopify-recorder.ts"
import { createStripeRecorder } from "./stripe-recorder.ts"

const RECORDERS: Record<string, () => Recorder> = { stripe: createStripeRecorder, shopify: createShopifyRecorder }

export async function record(connector: AnyConnector, simulated: Simulated): Promise<Replay> {
  const recorder = RECORDERS[connector.name]?.()
  if (!recorder) throw new Error(`nothing records ${connector.name}`)
  const http: Http = (url, init) => simulated.handle(new Request(url, init))
  const reading = { http, connector, setup: simulated, window: { from: null, to: null } }
  for (const stream of listsOf(connector)) for await (const page of pagesOf(reading, stream)) recorder.take(page)
  return recorder.replay()
}
