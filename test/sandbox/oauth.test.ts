import { describe, expect, it } from "vitest"
import { SECOND_MS } from "./clock.ts"
import { createGrants, type Policy } from "./oauth/grants.ts"
import { createWriter } from "./store.ts"

const STRIPE: Policy = {
  codeLifeS: 300,
  accessLifeS: 3_600,
  refreshLifeS: 1_000_000,
  retires: "used",
  revokesOnReuse: false,
}
const SHOPIFY: Policy = { ...STRIPE, retires: "replaced" }

function server(policy: Policy) {
  let now = 0
  const ended: string[] = []
  const grants = createGrants({
    ...{ partner: "test", policy, clock: () => now, writer: createWriter(null), refreshPrefix: "rt_" },
    issueAccess: (account, _scopes, no) => `access_${account}_${no}`,
    endAccess: (account) => void ended.push(account),
  })
  const code = () =>
    grants.issueCode({ app: "app", account: "acme", scopes: ["read"], redirectUri: "https://x.test", challenge: null })
  const granted = async () => {
    const outcome = await grants.exchange(code(), "app", null)
    if (!outcome.ok) throw new Error(outcome.description)
    return outcome.issued.refresh
  }
  const renew = (token: string) => {
    const outcome = grants.refresh(token, "app")
    return outcome.ok ? outcome.issued.refresh : null
  }
  return { grants, code, granted, renew, ended, pass: (seconds: number) => (now += seconds * SECOND_MS) }
}

describe("a code", () => {
  it("is good once, for its app, for five minutes", async () => {
    const { grants, code, pass } = server(STRIPE)
    const [used, foreign, late] = [code(), code(), code()]
    expect((await grants.exchange(used, "app", null)).ok).toBe(true)
    expect((await grants.exchange(used, "app", null)).ok).toBe(false)
    expect((await grants.exchange(foreign, "other", null)).ok).toBe(false)
    pass(300)
    expect((await grants.exchange(late, "app", null)).ok).toBe(false)
  })
})

describe("a refresh token", () => {
  it("of Stripe is good once", async () => {
    const { granted, renew } = server(STRIPE)
    const first = await granted()
    const second = renew(first)
    expect(second).not.toBeNull()
    expect(renew(first)).toBeNull()
    expect(renew(second ?? "")).not.toBeNull()
  })

  it("of Shopify is good until the one that took its place is used", async () => {
    const { granted, renew } = server(SHOPIFY)
    const first = await granted()
    renew(first)
    const second = renew(first)
    expect(second).not.toBeNull()
    expect(renew(second ?? "")).not.toBeNull()
    expect(renew(first)).toBeNull()
  })

  it("that is used again takes the whole grant away where the server is strict", async () => {
    const { granted, renew, ended } = server({ ...STRIPE, revokesOnReuse: true })
    const first = await granted()
    const second = renew(first) ?? ""
    expect(renew(first)).toBeNull()
    expect(renew(second)).toBeNull()
    expect(new Set(ended)).toEqual(new Set(["acme"]))
  })

  it("lapses, and goes with the app", async () => {
    const { granted, renew, grants, pass } = server(STRIPE)
    const kept = await granted()
    expect(grants.isInstalled("app", "acme")).toBe(true)
    grants.uninstall("app", "acme")
    expect([grants.isInstalled("app", "acme"), renew(kept)]).toEqual([false, null])
    const late = await granted()
    pass(1_000_000)
    expect(renew(late)).toBeNull()
  })
})
