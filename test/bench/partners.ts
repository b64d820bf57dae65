/**
 * The simulated partners and destination in a process of their own: `node partners.ts <connector> <size>`. Prints one JSON line
 * when ready. The host that a request is for travels in `x-host`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { createSandbox } from "../sandbox/sandbox.ts"
import { seedShop } from "../sandbox/shopify/people.ts"
import { counts, seedAccount } from "../sandbox/stripe/seed.ts"
import { BENCH_KEY, BENCH_SHOP, BENCH_TARGET, type Ready } from "./setup.ts"

const DAYS = 360
// Ends with the benchmark, however that ends.
process.stdin.on("end", () => process.exit()).resume()

/** Nothing happens in the account while it is read, and nothing is limited: the sync is what is measured. */
const QUIET = { rateLimit: null, endpointRateLimit: null, autopilot: false }
const UNLIMITED = { bucket: { maximum: 1e9, rate: 1e9 } }

type Seeded = Omit<Ready, "port">

const SEEDS: Record<string, (size: number) => Seeded> = {
  stripe: (customers) => {
    const { account, key } = sandbox.stripe.create({ name: "bench", mode: "live", options: QUIET })
    seedAccount(account, { customers, days: DAYS })
    return { credential: key, account: account.id, rows: { ...counts(account) } }
  },
  shopify: (orders) => {
    const { shop, token } = sandbox.shopify.create({ name: BENCH_SHOP, options: UNLIMITED })
    const rows = seedShop(shop, { customers: Math.round(orders * 0.4), orders, days: DAYS })
    return { credential: token, account: `${BENCH_SHOP}.myshopify.com`, rows }
  },
}

const sandbox = createSandbox({ seed: 1 })
const [, , connector = "", size] = process.argv
const seeded = SEEDS[connector]?.(Number(size))
if (!seeded) throw new Error(`no simulated partner ${connector}`)
sandbox.intempt.addKey({ ...BENCH_KEY, org: BENCH_TARGET.org, project: BENCH_TARGET.project, source: null })

const server = createServer((incoming, outgoing) => void answer(incoming, outgoing).catch(() => outgoing.destroy()))
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo
  const ready: Ready = { port, ...seeded }
  console.log(JSON.stringify(ready))
})

async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  if (incoming.url === "/received") return end(outgoing, Response.json(sandbox.intempt.totals()))
  const chunks: Uint8Array[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const { method = "GET" } = incoming
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]))
  const body = method === "POST" ? { body: Buffer.concat(chunks) } : {}
  const request = new Request(`https://${headers["x-host"]}${incoming.url}`, { method, headers, ...body })
  await end(outgoing, await sandbox.handle(request))
}

async function end(outgoing: ServerResponse, response: Response): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  outgoing.end(Buffer.from(await response.arrayBuffer()))
}
