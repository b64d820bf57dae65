/** The runtime under `wrangler dev` with an inspector, so that what its thread is busy with can be sampled. */
import { spawn } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { CpuProfile } from "../report/cpu-profile.ts"
import { configOf, ROOT, type Runtime } from "./runtime.ts"

const FOLDER = join(ROOT, ".wrangler/bench-inspected")
const SAMPLE_US = 500
const UP_WITHIN_MS = 60_000
const ASKED_AGAIN_MS = 250

export interface Inspected {
  runtime: Pick<Runtime, "call">
  /** What the thread was busy with during the work, and the bundle that it ran. */
  sampled(work: () => Promise<void>): Promise<{ profile: CpuProfile; bundle: string }>
  close(): Promise<void>
}

export async function startInspected(server: string): Promise<Inspected> {
  const [port, inspector] = [await freePort(), await freePort()]
  const child = spawn(process.execPath, argsOf(server, port, inspector), {
    cwd: ROOT,
    stdio: "ignore",
    env: { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false", CI: "1" },
  })
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  const call = async <T>(path: string, body?: unknown): Promise<T> => {
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init)
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as T
  }
  await untilUp(() => call("/counters"))
  return {
    runtime: { call },
    sampled: async (work) => sample(await connect(inspector), work),
    async close() {
      child.kill("SIGINT")
      await ended
    },
  }
}

function argsOf(server: string, port: number, inspector: number): string[] {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  const config = join(FOLDER, "wrangler.json")
  const { main, ...rest } = configOf(server)
  writeFileSync(config, JSON.stringify({ ...rest, main: resolve(ROOT, main) }))
  return [
    join(ROOT, "node_modules/wrangler/bin/wrangler.js"),
    ...["dev", "--config", config, "--port", String(port), "--inspector-port", String(inspector)],
    ...["--persist-to", join(FOLDER, "state"), "--show-interactive-dev-session=false"],
  ]
}

async function untilUp(ask: () => Promise<unknown>): Promise<void> {
  for (const until = Date.now() + UP_WITHIN_MS; ; await sleep(ASKED_AGAIN_MS)) {
    try {
      await ask()
      return
    } catch (error) {
      if (Date.now() > until) throw error
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === "string") throw new Error("no port")
  return address.port
}

// -------------------------------------------------------------------------------------------------------- the inspector

interface Inspector {
  ask<T>(method: string, params?: object): Promise<T>
  /** Scripts that were announced, by their address. */
  scripts: Map<string, string>
  close(): void
}

/** https://chromedevtools.github.io/devtools-protocol/v8/Profiler/ */
async function sample(inspector: Inspector, work: () => Promise<void>) {
  try {
    await inspector.ask("Debugger.enable")
    const script = [...inspector.scripts].findLast(([url]) => url.endsWith("worker.js"))
    if (!script) throw new Error("the inspector knows no worker.js")
    const { scriptSource: bundle } = await inspector.ask<{ scriptSource: string }>("Debugger.getScriptSource", {
      scriptId: script[1],
    })
    await inspector.ask("Debugger.disable")
    await inspector.ask("Profiler.enable")
    await inspector.ask("Profiler.setSamplingInterval", { interval: SAMPLE_US })
    await inspector.ask("Profiler.start")
    await work()
    const { profile } = await inspector.ask<{ profile: CpuProfile }>("Profiler.stop")
    return { profile, bundle }
  } finally {
    inspector.close()
  }
}

/** Node's takes headers, which the type of browsers does not know. https://nodejs.org/docs/latest-v22.x/api/globals.html#websocket */
const WithHeaders = WebSocket as unknown as new (
  address: string,
  init: { headers: Record<string, string> },
) => WebSocket

async function connect(port: number): Promise<Inspector> {
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as { webSocketDebuggerUrl: string }[]
  const [target] = targets
  if (!target) throw new Error("nothing to inspect")
  const socket = new WithHeaders(target.webSocketDebuggerUrl.replace("localhost", "127.0.0.1"), {
    // Node says which program asks; then the inspector wants to know whose page, too.
    headers: { origin: "http://localhost" },
  })
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve, { once: true })
    socket.addEventListener("error", () => reject(new Error("the inspector does not answer")), { once: true })
  })
  const scripts = new Map<string, string>()
  const waiting = new Map<number, { resolve(result: never): void; reject(error: Error): void }>()
  let asked = 0
  socket.addEventListener("message", ({ data }) => {
    const { id, result, error, method, params } = JSON.parse(String(data))
    if (method === "Debugger.scriptParsed") scripts.set(params.url, params.scriptId)
    const one = waiting.get(id)
    waiting.delete(id)
    if (error) one?.reject(new Error(`the inspector answered: ${error.message}`))
    else one?.resolve(result as never)
  })
  return {
    scripts,
    ask: (method, params = {}) =>
      new Promise((resolve, reject) => {
        waiting.set(++asked, { resolve, reject })
        socket.send(JSON.stringify({ id: asked, method, params }))
      }),
    close: () => socket.close(),
  }
}
