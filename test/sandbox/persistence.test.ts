import { describe, expect, it } from "vitest"
import { handleAdmin } from "./admin.ts"
import { callOf } from "./http.ts"
import { createSandbox, type Sandbox } from "./sandbox.ts"
import type { StoredRow } from "./store.ts"
import { evolve } from "./stripe/evolve.ts"
import { seedAccount } from "./stripe/seed.ts"
import { getAs, NOW, testAccount } from "./support.ts"

function memory() {
  const rows = new Map<string, StoredRow>()
  const write = (changed: readonly StoredRow[]) => {
    for (const row of changed) {
      if (row.value === null) rows.delete(`${row.table} ${row.id}`)
      else rows.set(`${row.table} ${row.id}`, row)
    }
  }
  /** In no order that means anything, as a database gives them. */
  const shuffled = () => [...rows.values()].sort((a, b) => (`${a.id}${a.table}` < `${b.id}${b.table}` ? -1 : 1))
  return { store: { write }, shuffled }
}

async function admin(sandbox: Sandbox, method: string, path: string, body?: unknown): Promise<unknown> {
  const request = new Request(`http://sandbox${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return JSON.parse(handleAdmin(sandbox, await callOf(request)).body)
}

describe("a killed sandbox", () => {
  it("comes back with accounts, keys, faults, clock and received items, and goes on as if nothing had happened", async () => {
    const disk = memory()
    const { sandbox, account, key } = testAccount({}, { store: disk.store })
    seedAccount(account, { customers: 60, days: 200, seed: 5 })
    sandbox.clock.advance(5_000)
    sandbox.faults.on({ name: "server_error", path: "/v1/charges" })
    sandbox.intempt.addKey({ prefix: "pre", secret: "secret", org: "acme", project: "shop" })
    const body = JSON.stringify({
      track: [{ name: "Charge", payload: [{ userId: "a@example.com", eventId: "e1", timestamp: NOW }] }],
    })
    const headers = { authorization: `Basic ${btoa("pre:secret")}`, "content-type": "application/json" }
    await sandbox.handle(
      new Request("https://api.intempt.com/v1/acme/projects/shop/sources/1/track", { method: "POST", headers, body }),
    )
    sandbox.flush()

    const again = createSandbox({ clock: () => NOW, sleep: async () => {} })
    again.restore(disk.shuffled())
    const revived = again.stripe.account("acme")
    expect(revived.facts).toEqual(account.facts)
    expect(revived.emails).toEqual(account.emails)
    for (const kind of ["customer", "charge", "event"] as const) {
      expect(revived.tables[kind].order).toEqual(account.tables[kind].order)
    }
    expect(again.clock.now()).toBe(sandbox.clock.now())
    expect(again.intempt.received).toEqual(sandbox.intempt.received)
    expect(again.faults.active()).toEqual(sandbox.faults.active())
    expect((await getAs(again, key, "/v1/customers")).body).toEqual((await getAs(sandbox, key, "/v1/customers")).body)
    expect(evolve(revived, 50)).toEqual(evolve(account, 50))
    expect(revived.facts).toEqual(account.facts)
  })
})

describe("the remote control", () => {
  it("creates, seeds, changes, reads back", async () => {
    const sandbox = createSandbox({ clock: () => NOW })
    const created = (await admin(sandbox, "POST", "/accounts", {
      name: "shop",
      options: { version: "2022-11-15" },
    })) as { key: string }
    expect(created.key).toMatch(/^sk_test_51shop/)
    await admin(sandbox, "POST", "/seed", { account: "shop", customers: 20, days: 100 })
    const customer = (await admin(sandbox, "POST", "/mutate", {
      account: "shop",
      name: "createCustomer",
      args: [{ email: "a@example.com" }],
    })) as { id: string }
    const ledger = (await admin(sandbox, "GET", "/ledger?account=shop&fact=customer.created&after=20")) as {
      facts: { id: string }[]
    }
    expect(ledger.facts.map((fact) => fact.id)).toEqual([customer.id])
    await admin(sandbox, "POST", "/clock", { advanceSeconds: 60 })
    expect(await admin(sandbox, "GET", "/clock")).toEqual({ now: NOW + 60_000, offset: 60_000 })
    expect(await admin(sandbox, "POST", "/mutate", { account: "shop", name: "explode", args: [] })).toEqual({
      error: "no mutation explode",
    })
    expect(
      await admin(sandbox, "POST", "/load", {
        account: "shop",
        objects: [
          { id: "ch_sample", object: "charge", created: NOW / 1_000 + 60, amount: 1, anything: { else: true } },
        ],
      }),
    ).toEqual({ ok: true })
    const charge = await getAs(sandbox, created.key, "/v1/charges/ch_sample")
    expect(charge.body).toMatchObject({ id: "ch_sample", anything: { else: true } })
  })
})
