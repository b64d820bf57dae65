/** A source that is deleted and made again for the same account and destination: nothing arrives twice unless the user says so. */
import { runDurableObjectAlarm } from "cloudflare:test"
import { expect, test } from "vitest"
import type { PublicSource } from "../../src/api/views.ts"
import { createCharge } from "../sandbox/stripe/charges.ts"
import { call, json, ORG, problem, rows } from "../support/api.ts"
import { createBrowser, ticketOf } from "../support/browser.ts"
import { advance, HOUR, MINUTE } from "./kit/clock.ts"
import { settled, sync, until } from "./kit/drive.ts"
import { ask, differences, opened, received, type Source, stubOf } from "./kit/source.ts"
import { happen, type StripeSource, stripe } from "./kit/stripe.ts"
import { openWorld } from "./kit/world.ts"

const world = openWorld()

/** A source that has read and sent all of its account, hours ago. */
async function used(name: string): Promise<StripeSource> {
  const source = await stripe.connect(world, { name })
  await settled(world, source)
  advance(HOUR)
  await sync(world, source)
  return source
}

const remove = async (source: Source) => expect((await ask(source, "DELETE")).status).toBe(204)

function make(former: StripeSource, more: object): Promise<Response> {
  const body = { connector: "stripe", credentials: former.credentials, name: "Again", sync: {}, ...more }
  return call("POST", "/sources", { project: former.project, body })
}

async function made(former: StripeSource, more: object): Promise<StripeSource> {
  const again = await json<PublicSource>(make(former, more), 201)
  return { ...former, ...opened(again, former.project) }
}

/** What the destination holds of both. */
function together(former: StripeSource, source: StripeSource) {
  const told = [...received(world, former), ...received(world, source)]
  return former.business.differences(told, { ...source, feedReadAt: former.feedReadAt }, former.startDate)
}

const charges = (source: Source) => received(world, source).filter(({ collection }) => collection === "Charge")

test("without a word it is refused, and the answer explains both ways", async () => {
  const former = await used("again-refused")
  await remove(former)
  const refused = await problem(make(former, {}))
  expect(refused).toMatchObject({ status: 409, code: "was_connected_before", source: former.id })
  expect(refused.detail).toMatch(/"continue": true.*"duplicates": "accept"/)
  const both = await problem(make(former, { continue: true, duplicates: "accept" }))
  expect([both.code, both.errors?.[0]?.field]).toEqual(["invalid", "duplicates"])
  const kept = JSON.stringify(await rows("former_sources"))
  expect(kept).toContain(former.id)
  expect(kept).not.toMatch(/acct_|1845392017263548901|@/)
})

test("it goes on from where the former one stopped: of what had been sent nothing comes again, and what happened meanwhile comes", async () => {
  const former = await used("again-continue")
  const before = charges(former).length
  expect(before).toBeGreaterThan(20)
  await remove(former)
  advance(2 * HOUR)
  happen(former, (account) => void createCharge(account, { amount: 4_200 }))
  advance(HOUR)
  const source = await made(former, { continue: true })
  await settled(world, source)
  expect(charges(source)).toHaveLength(1)
  expect(together(former, source)).toEqual([])
  const shown = await json<PublicSource>(ask(source, "GET"))
  expect(shown.continues?.repeats).toContain("10 minutes")
  // It is a source like any other: what happens next comes once.
  former.business.evolve(5)
  advance(MINUTE)
  await sync(world, source)
  expect(together(former, source)).toEqual([])
})

test("told to accept repeats it sends everything again", async () => {
  const former = await used("again-accept")
  await remove(former)
  const source = await made(former, { duplicates: "accept" })
  await settled(world, source)
  expect(charges(source)).toHaveLength(charges(former).length)
  expect(differences(world, source)).toEqual([])
})

test("what was read and not delivered when it was deleted is read again", async () => {
  const former = await stripe.connect(world, { name: "again-unsent" })
  await settled(world, former)
  advance(HOUR)
  const fault = world.faults.on({ name: "reject_key", account: `${ORG}/again-unsent` })
  former.business.evolve(5)
  advance(HOUR)
  await runDurableObjectAlarm(stubOf(former))
  await until(world, former, ({ state, waiting }) => waiting > 0 && state.run === null)
  await remove(former)
  world.faults.off(fault)
  const source = await made(former, { continue: true })
  await settled(world, source)
  expect(together(former, source)).toEqual([])
})

test("deleted in the midst of its first sync it goes on, and nothing is missing", async () => {
  const former = await stripe.connect(world, { name: "again-early", history: "pages" })
  await until(world, former, ({ state, waiting }) => state.ids.outbox > 50 || waiting > 0)
  await remove(former)
  const source = await made(former, { continue: true })
  await settled(world, source)
  expect(together(former, source).filter((one) => !/^(twice|too many|older after newer)/.test(one))).toEqual([])
})

test("the same account is free to be sent to another destination, and not to be led back without a word", async () => {
  const former = await used("again-elsewhere")
  await remove(former)
  const target = { org: ORG, project: former.project, key: "again-elsewhere.secret" }
  const put = (path: string, more: object) =>
    call("PUT", path, { project: former.project, body: { ...target, ...more } })
  await json(put("/destination", { sourceId: "1845392017263548902" }))
  const source = await made(former, {})
  for (const path of ["/destination", `/sources/${source.id}/destination`]) {
    expect((await problem(put(path, { sourceId: "1845392017263548901" }))).code).toBe("was_connected_before")
    await json(put(path, { sourceId: "1845392017263548901", duplicates: "accept" }))
    await json(put("/destination", { sourceId: "1845392017263548902" }))
  }
})

test("nor is a source led back by following the project's destination again", async () => {
  const former = await used("again-follow")
  await remove(former)
  const elsewhere = { org: ORG, project: former.project, key: "again-follow.secret", sourceId: "1845392017263548902" }
  const { id } = await json<PublicSource>(make(former, { name: undefined }), 201)
  const at = (method: string, path: string, body?: object) =>
    call(method, `/sources/${id}${path}`, { project: former.project, ...(body && { body }) })
  await json(at("PUT", "/destination", elsewhere))
  await json(at("POST", "/finish", { name: "Elsewhere" }))
  expect((await problem(at("DELETE", "/destination"))).code).toBe("was_connected_before")
  expect(await json(at("GET", ""))).toMatchObject({ destination: { sourceId: elsewhere.sourceId } })
  expect(await json(at("DELETE", "/destination?duplicates=accept"))).toMatchObject({ destination: null })
})

test("a draft is kept while the question is open, and finished with the answer", async () => {
  const former = await used("again-draft")
  await remove(former)
  const { id } = await json<PublicSource>(make(former, { name: undefined }), 201)
  const finish = (body: object) => call("POST", `/sources/${id}/finish`, { project: former.project, body })
  expect((await problem(finish({ name: "Draft" }))).code).toBe("was_connected_before")
  expect(await json(call("GET", `/sources/${id}`, { project: former.project }))).toMatchObject({ status: "draft" })
  const source = await json<PublicSource>(finish({ name: "Draft", continue: true }))
  expect(source.continues).not.toBeNull()
})

test("after 90 days it is forgotten", async () => {
  const former = await used("again-late")
  await remove(former)
  expect((await problem(make(former, {}))).code).toBe("was_connected_before")
  advance(90 * 24 * HOUR)
  const source = await json<PublicSource>(make(former, {}), 201)
  expect(source.continues).toBeNull()
})

test("signing in leaves a draft of an account that was read before, unless it was said at the start what to do", async () => {
  const former = await used("again-oauth")
  await remove(former)
  const begin = async (more: object): Promise<{ id: string; page: string }> => {
    const body = { connector: "stripe", name: "By signing in", sync: {}, ...more }
    const draft = await json<PublicSource>(call("POST", "/sources", { project: former.project, body }), 201)
    const url = draft.draft?.authorizeUrl ?? ""
    const browser = createBrowser(world)
    const consent = await browser.post(url, { ticket: ticketOf(await browser.get(url)) })
    const { text } = await browser.post(consent.url, {
      decision: "approve",
      account: `${former.account.name}/live`,
    })
    return { id: draft.id, page: text }
  }
  const show = (id: string) => json<PublicSource>(call("GET", `/sources/${id}`, { project: former.project }))
  const { id, page } = await begin({})
  expect(page).toContain("an earlier source has read this account")
  expect(await show(id)).toMatchObject({ status: "draft", draft: { missing: [] }, account: { mode: "live" } })
  const finish = () => call("POST", `/sources/${id}/finish`, { project: former.project, body: {} })
  expect((await problem(finish())).code).toBe("was_connected_before")
  expect((await show(id)).status).toBe("draft")
  await call("DELETE", `/sources/${id}`, { project: former.project })
  const second = await begin({ continue: true })
  expect(second.page).toContain("Its data is being synced.")
  expect(await show(second.id)).toMatchObject({
    draft: null,
    continues: { deletedAt: expect.any(Number) },
  })
})
