/** The server's process as the benchmark sees it. */
import { spawn } from "node:child_process"
import { resolve } from "node:path"
import { createInterface } from "node:readline"
import type { Pace, Ready, Served, Serving } from "../setup.ts"

export interface Server {
  ready: Ready
  address: string
  served(): Promise<Served>
  pace(pace: Pace): Promise<void>
  /** So many customers of the account change. */
  change(customers: number): Promise<void>
  close(): void
}

export async function startServer(serving: Serving): Promise<Server> {
  const script = resolve(import.meta.dirname, "server.ts")
  const child = spawn(process.execPath, [script, JSON.stringify(serving)], { stdio: ["pipe", "pipe", "inherit"] })
  for await (const line of createInterface({ input: child.stdout })) {
    const ready: Ready = JSON.parse(line)
    const address = `http://127.0.0.1:${ready.port}`
    const ask = async (path: string): Promise<Served> => (await (await fetch(address + path)).json()) as Served
    return {
      ready,
      address,
      served: () => ask("/served"),
      pace: async ({ partnerMs, destinationMs }) => {
        await ask(`/pace?partnerMs=${partnerMs}&destinationMs=${destinationMs}`)
      },
      change: async (customers) => {
        await ask(`/change?customers=${customers}`)
      },
      close: () => child.kill(),
    }
  }
  throw new Error("the server's process ended before it was ready")
}
