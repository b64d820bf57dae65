/** The simulated partners and destination as a server in this process, for a stack whose kills they must outlive. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { Sandbox } from "../sandbox/sandbox.ts"

/** Answers where it listens. The host that a request is for travels in `x-host`. */
export function servePartners(sandbox: Sandbox): Promise<string> {
  const server = createServer(
    (incoming, outgoing) => void answer(sandbox, incoming, outgoing).catch(() => outgoing.destroy()),
  )
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  })
}

async function answer(sandbox: Sandbox, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const chunks: Uint8Array[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const { method = "GET" } = incoming
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]))
  const body = method === "POST" ? { body: Buffer.concat(chunks) } : {}
  const gone = new AbortController()
  outgoing.once("close", () => gone.abort())
  const request = new Request(`https://${headers["x-host"]}${incoming.url}`, {
    method,
    headers,
    signal: gone.signal,
    ...body,
  })
  const response = await sandbox.handle(request)
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  if (response.body) for await (const chunk of response.body) outgoing.write(chunk)
  outgoing.end()
}
