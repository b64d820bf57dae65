/** For the sandbox's own tests: a sandbox on a frozen clock, and one account with its key at hand. */
import type { JsonObject } from "./json.ts"
import { createSandbox, type Sandbox, type SandboxParts } from "./sandbox.ts"
import type { Account, AccountOptions, Mode } from "./stripe/account.ts"

export const NOW = Date.UTC(2026, 10, 20, 12, 0, 0)

export interface Answered {
  status: number
  headers: Headers
  body: JsonObject & { data: JsonObject[]; error: JsonObject }
}

export interface TestAccount {
  sandbox: Sandbox
  account: Account
  key: string
  get(path: string, headers?: Record<string, string>): Promise<Answered>
}

export function testAccount(
  options: Partial<AccountOptions> = {},
  parts: SandboxParts = {},
  mode: Mode = "test",
): TestAccount {
  const sandbox = createSandbox({ clock: () => NOW, sleep: async () => {}, ...parts })
  const { account, key } = sandbox.stripe.create({ name: "acme", mode, options })
  return { sandbox, account, key, get: (path, headers) => getAs(sandbox, key, path, headers) }
}

export async function getAs(
  sandbox: Sandbox,
  key: string | null,
  path: string,
  headers: Record<string, string> = {},
): Promise<Answered> {
  const authorization: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` }
  const request = new Request(`https://api.stripe.com${path}`, { headers: { ...authorization, ...headers } })
  const response = await sandbox.handle(request)
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answered["body"] }
}

export function ids(answer: Answered): string[] {
  return answer.body.data.map((row) => String(row.id))
}

/** Types of the account's events, in order. Payment intents are left out: no connector reads them. */
export function eventTypes(account: Account): string[] {
  return account.tables.event.order.map((event) => event.type).filter((type) => !type.startsWith("payment_intent."))
}

export function lastEvent(account: Account, type: string): JsonObject {
  const event = account.tables.event.order.filter((row) => row.type === type).at(-1)
  if (!event) throw new Error(`no event ${type}`)
  return JSON.parse(event.data) as JsonObject
}
