/**
 * Partner and destination in a process of their own: `node server.ts '<Serving as JSON>'`. Prints one JSON line when ready. The host that
 * a request is for travels in `x-host`; without it the benchmark itself asks. Answers take as long as they were told to (`Pace`), and next
 * to no processor time: what is measured shares the machine.
 */
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { getConnector } from "../../../src/connectors/index.ts"
import type { Pace, Ready, Serving } from "../setup.ts"
import { createPartner } from "./partner.ts"
import type { Asked, Recorded } from "./replay.ts"
import { createTally } from "./tally.ts"

/** Longer than any pause of a benchmark: a connection that is closed just as it is used again would be a fault. */
const KEEP_ALIVE_MS = 15 * 60_000
const DESTINATION = "api.intempt.com"

// Ends with the benchmark, however that ends.
process.stdin.on("end", () => process.exit()).resume()

const serving: Serving = JSON.parse(process.argv[2] ?? "{}")
const connector = getConnector(serving.connector)
if (!connector) throw new Error(`no connector ${serving.connector}`)
const partner = await createPartner(connector, serving)
const pace: Pace = { partnerMs: 0, destinationMs: 0 }
const tally = createTally()
const pages = new Map<string, Buffer>()

const server = createServer((incoming, outgoing) => void serve(incoming, outgoing).catch(() => outgoing.destroy()))
server.keepAliveTimeout = KEEP_ALIVE_MS
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo
  const { account, config, credential } = partner.simulated
  const ready: Ready = { port, account, config, credential, rows: partner.rows }
  console.log(JSON.stringify(ready))
})

async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const host = incoming.headers["x-host"]
  if (host === undefined) return control(incoming, outgoing)
  await (host === DESTINATION ? tally.post(() => post(incoming, outgoing)) : tally.call(() => call(incoming, outgoing)))
}

/** Intempt answers 201 without a body. */
async function post(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  await once(incoming.resume(), "end")
  if (pace.destinationMs > 0) await sleep(pace.destinationMs)
  outgoing.writeHead(201).end()
}

async function call(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const asked = await askedBy(incoming)
  if (pace.partnerMs > 0) await sleep(pace.partnerMs)
  const recorded = partner.replay(asked)
  if (recorded) {
    tally.rows(recorded.rows)
    outgoing.writeHead(200, { "content-type": "application/json" }).end(bytesOf(recorded))
    return
  }
  tally.simulated()
  const { status, body } = await partner.simulate(asked, headersOf(incoming))
  outgoing.writeHead(status, { "content-type": "application/json" }).end(body)
}

/** Bytes of a page are made once; pages of many customers hardly come twice and would fill the memory. */
function bytesOf({ key, body }: Recorded): Buffer {
  const bytes = pages.get(key) ?? Buffer.from(body())
  if (serving.kind === "recorded") pages.set(key, bytes)
  return bytes
}

async function askedBy(incoming: IncomingMessage): Promise<Asked> {
  const { method = "GET", url = "" } = incoming
  const [path = "", query = ""] = url.split("?", 2)
  let body = ""
  for await (const chunk of incoming.setEncoding("utf8")) body += chunk
  return { method, path, query, body }
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}

/** `/served`, `/pace?partnerMs=..&destinationMs=..`, `/change?customers=..`. */
function control({ url = "" }: IncomingMessage, outgoing: ServerResponse): void {
  const { pathname, searchParams } = new URL(url, "http://localhost")
  const asNumber = (name: string) => Number(searchParams.get(name) ?? 0)
  if (pathname === "/pace") {
    Object.assign(pace, { partnerMs: asNumber("partnerMs"), destinationMs: asNumber("destinationMs") })
    tally.startAtOnce()
  }
  if (pathname === "/change") partner.simulated.change(asNumber("customers"))
  outgoing.end(JSON.stringify(tally.served()))
}
