/** The whole OAuth flow in a real browser: both partners, both directions, and every way in which it can go wrong. */
import type { Browser, BrowserContext, Page } from "playwright-core"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { apiClient, sandboxClient } from "../stack/clients.ts"
import { type Stack, startStack } from "../stack/stack.ts"
import { heading, newPerson, openChromium, picture } from "./browser.ts"

const SHOPS = ["north", "south", "east", "west"]
const POLL_MS = 250
const PATIENCE_MS = 60_000

let stack: Stack
let chromium: Browser
let sandbox: ReturnType<typeof sandboxClient>
let api: Awaited<ReturnType<typeof apiClient>>
let projects = 0

interface Source {
  id: string
  status: string
  error: { code: string; remedy: string } | null
  account: { id: string; name: string } | null
  draft: { missing: string[]; authorizeUrl: string } | null
  live: {
    lastRun: { state: string } | null
    current: { waits: { reason: string } | null }[]
    delivery: { waiting: number }
  } | null
}

beforeAll(async () => {
  const [started, browser] = await Promise.all([startStack({ name: "e2e-oauth", shops: SHOPS }), openChromium()])
  stack = started
  chromium = browser
  sandbox = sandboxClient(stack)
  for (const name of ["alpha", "beta"]) {
    await sandbox("POST", "/accounts", { name, options: { businessName: `${name} Ltd` } })
    await sandbox("POST", "/seed", { account: name, customers: 5, days: 30 })
  }
  for (const name of SHOPS) {
    await sandbox("POST", "/shopify/shops", { name })
    await sandbox("POST", "/shopify/seed", { shop: name, customers: 5, orders: 5, days: 30 })
  }
  for (const partner of ["stripe", "shopify"])
    await sandbox("POST", "/oauth/apps", { partner, installUrl: `${stack.url}/oauth/${partner}/install` })
})

afterAll(async () => {
  await chromium?.close()
  await stack?.stop()
})

afterEach(async () => {
  await sandbox("DELETE", "/faults")
  // What the partners sign is fresh by their clock, and must be by ours.
  await sandbox("POST", "/clock", { set: Date.now() })
})

/** A project of its own, with a destination, so that no test meets another's sources. */
async function newProject(): Promise<void> {
  projects += 1
  const project = `p${projects}`
  api = await apiClient(stack, "acme", project)
  const target = { org: "acme", project, sourceId: `18453920172635489${String(projects).padStart(2, "0")}` }
  await sandbox("POST", "/ingest-keys", {
    prefix: project,
    secret: "secret",
    org: "acme",
    project,
    source: target.sourceId,
  })
  await api("PUT", "/destination", { ...target, key: `${project}.secret` })
}

const show = (id: string) => api<Source>("GET", `/sources/${id}`)

async function until(id: string, is: (source: Source) => boolean): Promise<Source> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const source = await show(id)
    if (is(source)) return source
    if (Date.now() > deadline) throw new Error(`it did not come to that: ${JSON.stringify(source)}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

const isDone = ({ live }: Source) =>
  live !== null && live.current.length === 0 && live.delivery.waiting === 0 && live.lastRun !== null

async function draftOf(connector: string, shop?: string): Promise<Source & { url: string }> {
  await newProject()
  const config = shop ? { config: { shop: `${shop}.myshopify.com` } } : {}
  const source = await api<Source>("POST", "/sources", { connector, ...config })
  return { ...source, url: source.draft?.authorizeUrl ?? "" }
}

/** From our page to the partner's. */
async function goOn(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await page.getByRole("button").click()
  await page.getByRole("button", { name: "approve" }).waitFor()
}

async function decide(page: Page, decision: "approve" | "deny", account?: string): Promise<string> {
  if (account) await page.getByLabel("Account").selectOption(`${account}/test`)
  await page.getByRole("button", { name: decision }).click()
  await page.locator("main h1").waitFor({ timeout: PATIENCE_MS })
  return heading(page)
}

/** Approves, and says where the browser would come back to, without going there. */
async function heldBack(person: BrowserContext, page: Page, account: string): Promise<string> {
  const form = { decision: "approve", account: `${account}/test` }
  const answer = await person.request.post(page.url(), { form, maxRedirects: 0 })
  return answer.headers().location ?? ""
}

describe("from our page", () => {
  it.each([
    ["stripe", "alpha", undefined],
    ["shopify", undefined, "north"],
  ])("%s: start, consent, check mark, finish, synced", async (connector, account, shop) => {
    const draft = await draftOf(connector, shop)
    const page = await (await newPerson(chromium)).newPage()
    await page.goto(draft.url)
    await picture(page, `${connector}-1-start`)
    await goOn(page, draft.url)
    await picture(page, `${connector}-2-consent`)
    expect(await decide(page, "approve", account)).toMatch(/is connected$/)
    await picture(page, `${connector}-3-connected`)
    expect(await page.getByRole("link", { name: "Finish the source" }).getAttribute("href")).toContain(draft.id)
    expect((await show(draft.id)).draft?.missing).toEqual(["name", "sync"])
    await api("POST", `/sources/${draft.id}/finish`, { name: "Named", sync: {} })
    const source = await until(draft.id, isDone)
    expect(source.live?.lastRun?.state).toBe("succeeded")
  })
})

describe("from the partner", () => {
  it.each([
    ["stripe", "marketplace.stripe.com/apps/ca_SandboxCloudSources", "beta"],
    ["shopify", "south.myshopify.com/admin/apps/5a0db0c5a0db0c5a0db0c5a0db0c5a0d", undefined],
  ])("%s: install, consent, a code to sign in with, claimed, synced", async (connector, place, account) => {
    await newProject()
    const page = await (await newPerson(chromium)).newPage()
    await page.goto(`${stack.url}/__sandbox/browser/${place}`)
    await page.getByRole("link").click()
    if (connector === "stripe") {
      await picture(page, "stripe-install-1")
      await page.getByRole("button").click()
    }
    await page.getByRole("button", { name: "approve" }).waitFor()
    expect(await decide(page, "approve", account)).toMatch(/granted access$/)
    await picture(page, `${connector}-install-2-waiting`)
    const installCode = (await page.locator("code.code").textContent()) ?? ""
    const source = await api<Source>("POST", "/sources", { connector, installCode, name: "Installed", sync: {} })
    expect((await until(source.id, isDone)).live?.lastRun?.state).toBe("succeeded")
  })
})

describe("where it goes wrong, a page says what to do", () => {
  it.each([
    ["stripe", "alpha", undefined],
    ["shopify", undefined, "east"],
  ])("%s: declined, then tried again from that very page", async (connector, account, shop) => {
    const draft = await draftOf(connector, shop)
    const page = await (await newPerson(chromium)).newPage()
    await goOn(page, draft.url)
    expect(await decide(page, "deny")).toBe("You said no, so nothing was connected")
    await picture(page, `${connector}-denied`)
    await page.getByRole("link", { name: "Try again" }).click()
    await page.getByRole("button").click()
    expect(await decide(page, "approve", account)).toMatch(/is connected$/)
  })

  it("another browser, a changed state, and the same address twice", async () => {
    const draft = await draftOf("stripe")
    const [ada, eve] = [await newPerson(chromium), await newPerson(chromium, "dark")]
    const page = await ada.newPage()
    await goOn(page, draft.url)
    const back = await heldBack(ada, page, "alpha")
    const foreign = await eve.newPage()
    await foreign.goto(back)
    expect(await heading(foreign)).toBe("This began in another browser")
    await picture(foreign, "foreign-browser-dark")
    await page.goto(back.replace(/state=.{4}/, "state=AAAA"))
    expect(await heading(page)).toBe("We do not know this attempt")
    await picture(page, "unknown-state")
    await page.goto(back)
    expect(await heading(page)).toBe("Stripe is connected")
    await page.reload()
    expect(await heading(page)).toBe("This was used already")
    await picture(page, "used")
  })

  it.each([
    ["html", { name: "not_json" }],
    ["500", { name: "server_error", options: { status: 500 } }],
    ["nothing", { name: "hang" }],
  ])("a token endpoint that answers with %s", async (name, fault) => {
    const draft = await draftOf("stripe")
    const page = await (await newPerson(chromium)).newPage()
    await goOn(page, draft.url)
    await sandbox("POST", "/faults", { ...fault, path: "/v1/oauth/token" })
    expect(await decide(page, "approve", "alpha")).toBe("Stripe did not answer as expected")
    await picture(page, `token-endpoint-${name}`)
    expect((await show(draft.id)).draft?.missing).toContain("credentials")
  })

  it("a code that was used before", async () => {
    const draft = await draftOf("stripe")
    const person = await newPerson(chromium)
    const page = await person.newPage()
    await goOn(page, draft.url)
    const back = new URL(await heldBack(person, page, "alpha"))
    await page.goto(back.href)
    const other = await draftOf("stripe")
    await goOn(page, other.url)
    const again = new URL(await heldBack(person, page, "alpha"))
    again.searchParams.set("code", back.searchParams.get("code") ?? "")
    await page.goto(again.href)
    expect(await heading(page)).toBe("The authorization was not valid any more")
    await picture(page, "code-refused")
  })

  it("missing access", async () => {
    const draft = await draftOf("shopify", "west")
    const page = await (await newPerson(chromium)).newPage()
    await sandbox("POST", "/oauth/apps", { partner: "shopify", grants: ["read_customers"] })
    await goOn(page, draft.url)
    const title = await decide(page, "approve")
    await sandbox("POST", "/oauth/apps", { partner: "shopify", grants: null })
    expect(title).toBe("Some access is missing")
    await picture(page, "missing-scope")
  })

  it("a draft that was deleted meanwhile", async () => {
    const draft = await draftOf("stripe")
    const page = await (await newPerson(chromium)).newPage()
    await goOn(page, draft.url)
    await api("DELETE", `/sources/${draft.id}`)
    expect(await decide(page, "approve", "alpha")).toBe("The source is gone")
    await picture(page, "source-gone")
  })

  it("reconnecting to another account", async () => {
    const draft = await draftOf("stripe")
    const page = await (await newPerson(chromium)).newPage()
    await goOn(page, draft.url)
    await decide(page, "approve", "alpha")
    await api("POST", `/sources/${draft.id}/finish`, { name: "Alpha", sync: {} })
    const link = await api<{ authorizeUrl: string }>("POST", `/sources/${draft.id}/authorize`)
    await goOn(page, link.authorizeUrl)
    expect(await decide(page, "approve", "beta")).toBe("This is another account")
    await picture(page, "account-mismatch")
  })

  it.each([
    ["forged", "shop=north.myshopify.com&timestamp=1700000000&hmac=00"],
    ["not a shop", "shop=evil.com/.myshopify.com&timestamp=1700000000&hmac=00"],
  ])("an install that is %s", async (name, query) => {
    const page = await (await newPerson(chromium, "dark")).newPage()
    await page.goto(`${stack.url}/oauth/shopify/install?${query}`)
    expect(await heading(page)).toBe("We cannot tell that Shopify sent you")
    await picture(page, `install-${name.replaceAll(" ", "-")}`)
  })
})

describe("a connected source", () => {
  async function connected(connector: string, account: string | undefined, shop: string | undefined) {
    const draft = await draftOf(connector, shop)
    const page = await (await newPerson(chromium)).newPage()
    await goOn(page, draft.url)
    await decide(page, "approve", account)
    await api("POST", `/sources/${draft.id}/finish`, { name: "Ours", sync: {} })
    await until(draft.id, isDone)
    return { id: draft.id, page }
  }

  const tokenCalls = async (path: string) => (await sandbox<{ calls: number }>("GET", `/counters?path=${path}`)).calls

  /** Its access token has run out; no clock was moved for it. */
  const expire = (partner: string, account: string) => sandbox("POST", "/oauth/expire", { partner, account })

  it.each([
    ["stripe", "alpha", undefined, "alpha/test", "/v1/oauth/token"],
    ["shopify", undefined, "east", "east", "/admin/oauth/access_token"],
  ])(
    "of %s whose token has run out is renewed by one request and goes on",
    async (connector, account, shop, name, path) => {
      const { id } = await connected(connector, account, shop)
      await expire(connector, name)
      const before = await tokenCalls(path)
      const { run } = await api<{ run: string }>("POST", `/sources/${id}/sync`)
      const done = await until(id, isDone)
      expect([done.error, done.live?.lastRun?.state, run.length > 0]).toEqual([null, "succeeded", true])
      expect(await tokenCalls(path)).toBe(before + 1)
    },
  )

  it("of Shopify waits some minutes, and says so, when the answer with the new token is lost", async () => {
    const { id } = await connected("shopify", undefined, "west")
    await expire("shopify", "west")
    await sandbox("POST", "/faults", { name: "truncated_body", path: "/admin/oauth/access_token", times: 1 })
    await api("POST", `/sources/${id}/sync`)
    const lost = (source: Source) => source.live?.current[0]?.waits?.reason.includes("could not be read") === true
    expect((await until(id, lost)).error).toBeNull()
  })

  it("of Stripe says that it must be reconnected once the app was taken away, and goes on once it is", async () => {
    const { id, page } = await connected("stripe", "beta", undefined)
    await sandbox("POST", "/oauth/uninstall", { partner: "stripe", account: "beta/test" })
    await api("POST", `/sources/${id}/sync`)
    const broken = await until(id, (source) => source.status === "error")
    expect(broken.error).toMatchObject({ code: "reconnect", remedy: expect.stringContaining("sign in") })
    const link = await api<{ authorizeUrl: string }>("POST", `/sources/${id}/authorize`)
    await goOn(page, link.authorizeUrl)
    expect(await decide(page, "approve", "beta")).toBe("Stripe is connected")
    await picture(page, "reconnected")
    expect((await until(id, isDone)).live?.lastRun?.state).toBe("succeeded")
  })
})
