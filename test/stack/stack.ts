/**
 * The whole product on this machine: app, simulated partners and destination under `wrangler dev`, in one process, on a fresh
 * local D1. Used by `npm start`, end-to-end tests, the benchmark and the soak.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join, relative, resolve } from "node:path"
import { SHOPIFY_APP } from "../sandbox/shopify/oauth.ts"
import { MARKETPLACE, STRIPE_APP } from "../sandbox/stripe/oauth.ts"

const ROOT = resolve(import.meta.dirname, "../..")
const WRANGLER = join(ROOT, "node_modules/wrangler/bin/wrangler.js")
/** Which Workers run, and in which environment: the top level has no EGRESS binding, so its requests go to the real hosts. */
const KINDS = {
  sandbox: { env: ["--env", "sandbox"], vars: ".dev.vars.sandbox", issuer: "https://auth.sandbox.test" },
  live: { env: [], vars: ".dev.vars", issuer: "https://auth.example.com" },
} as const
const READY_WITHIN_MS = 90_000
const POLL_MS = 200

export interface StackOptions {
  /** Folder under `.wrangler/` that holds this stack's local state. */
  name: string
  /** `live` talks to the real partners and the real destination. */
  kind?: keyof typeof KINDS
  port?: number
  /** False: go on with the state a former process left. */
  fresh?: boolean
  /** Called with every line the processes print. */
  onLine?: (line: string) => void
  /** Where the simulated partners run, if not in the same process: `http://127.0.0.1:port`. They then outlive a kill. */
  partners?: string
  /** Settings that replace those of wrangler.toml. */
  vars?: Record<string, string>
  /** Simulated shops whose pages a browser will be sent to. */
  shops?: string[]
}

export interface Stack {
  url: string
  /** Signs the API's bearer tokens. */
  authSecret: string
  issuer: string
  /** Ends it in good order. */
  stop(): Promise<void>
  /** Ends it as a power cut would. */
  kill(): Promise<void>
}

export async function startStack(options: StackOptions): Promise<Stack> {
  const folder = join(ROOT, ".wrangler", options.name)
  if (options.fresh !== false) rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const port = options.port ?? (await freePort())
  const url = `http://localhost:${port}`
  const kind = KINDS[options.kind ?? "sandbox"]
  const authSecret = fixed("auth", 32)
  const app = appConfig(folder, kind.vars, {
    AUTH_SECRET: authSecret,
    VAULT_KEYS: `k1:${fixed("vault", 32)}`,
    PUBLIC_URL: url,
    ...(options.kind === "live" ? {} : signInVars(url, options.shops ?? [])),
    ...options.vars,
  })
  applyMigrations(folder, app, kind.env)
  const child = run(options, folder, app, port)
  await ready(url, child, READY_WITHIN_MS)
  const end = (signal: NodeJS.Signals) => endAll(child, signal)
  return {
    url,
    authSecret,
    issuer: "https://auth.sandbox.test",
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  }
}

/** The app's own configuration beside this stack's secrets: wrangler reads them from the configuration's folder. */
function appConfig(folder: string, varsFile: string, vars: Record<string, string>): string {
  const config = join(folder, "wrangler.toml")
  const up = relative(folder, ROOT)
  const text = readFileSync(join(ROOT, "wrangler.toml"), "utf8")
  writeFileSync(
    config,
    text.replaceAll(/^(main|migrations_dir) = "(.*)"$/gm, (_, name, path) => `${name} = "${up}/${path}"`),
  )
  const lines = Object.entries(vars).map(([name, value]) => `${name}="${value}"\n`)
  writeFileSync(join(folder, varsFile), lines.join(""), { mode: 0o600 })
  return config
}

/** The simulated partners' OAuth: our clients there, and where a browser finds their pages. */
function signInVars(url: string, shops: readonly string[]): Record<string, string> {
  const hosts = [MARKETPLACE, ...shops.map((shop) => `${shop}.myshopify.com`)]
  return {
    OAUTH_STRIPE_CLIENT_ID: STRIPE_APP.id,
    OAUTH_STRIPE_CLIENT_SECRET: STRIPE_APP.secret,
    OAUTH_SHOPIFY_CLIENT_ID: SHOPIFY_APP.id,
    OAUTH_SHOPIFY_CLIENT_SECRET: SHOPIFY_APP.secret,
    AUTHORIZE_ORIGINS: hosts.map((host) => `https://${host}=${url}/__sandbox/browser/${host}`).join(","),
  }
}

function relayConfig(folder: string, partners: string): string {
  const own = join(folder, "relay")
  mkdirSync(own, { recursive: true })
  const text = readFileSync(join(ROOT, "test/stack/relay/wrangler.toml"), "utf8")
  writeFileSync(
    join(own, "wrangler.toml"),
    text.replace("relay.ts", `${relative(own, ROOT)}/test/stack/relay/relay.ts`),
  )
  writeFileSync(join(own, ".dev.vars.sandbox"), `PARTNERS="${partners}"\n`)
  return join(own, "wrangler.toml")
}

/** Made anew for every process that starts stacks: a restarted stack opens what the former one sealed. */
const made = new Map<string, string>()

function fixed(name: string, bytes: number): string {
  const known = made.get(name) ?? randomBytes(bytes).toString("base64")
  made.set(name, known)
  return known
}

function applyMigrations(folder: string, app: string, env: readonly string[]): void {
  const args = [WRANGLER, "d1", "migrations", "apply", "DB", "-c", app, "--local", ...env, "--persist-to", folder]
  const { status, stderr, stdout } = spawnSync(process.execPath, args, { cwd: ROOT, env: quietEnv(), encoding: "utf8" })
  if (status !== 0) throw new Error(`migrations failed:\n${stdout}\n${stderr}`)
}

function run(
  { onLine, kind: name = "sandbox", partners }: StackOptions,
  folder: string,
  app: string,
  port: number,
): ChildProcess {
  const kind = KINDS[name]
  const behind = partners ? relayConfig(folder, partners) : "test/sandbox/wrangler.toml"
  const configs = name === "live" ? [app] : ["test/stack/wrangler.toml", app, behind]
  const flags = [...kind.env, "--port", String(port), "--persist-to", folder]
  const args = [
    WRANGLER,
    "dev",
    ...configs.flatMap((config) => ["-c", config]),
    ...flags,
    "--show-interactive-dev-session=false",
  ]
  // A group of its own, so that workerd goes when wrangler is killed.
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: quietEnv(),
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8")
    stream.on("data", (text: string) => {
      for (const line of text.split("\n")) if (line.trim()) onLine?.(line)
    })
  }
  return child
}

/** No telemetry, no look-ups: it works without a network. */
function quietEnv(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_SEND_METRICS: "false",
    CI: "true",
    NO_COLOR: "1",
  }
}

async function ready(url: string, child: ChildProcess, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`wrangler dev ended with ${child.exitCode}`)
    const answer = await fetch(`${url}/healthz`).catch(() => null)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  await endAll(child, "SIGKILL")
  throw new Error(`the local stack was not ready within ${withinMs / 1000} s`)
}

async function endAll(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const { pid } = child
  if (pid === undefined || child.exitCode !== null) return
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  process.kill(-pid, signal)
  await ended
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() =>
        typeof address === "object" && address ? resolve(address.port) : reject(new Error("no free port")),
      )
    })
  })
}
