import { describe, expect, it } from "vitest"
import type { OAuth2Auth } from "../../../src/connectors/kit/define.ts"
import { ASKED_WAIT_MAX_MS } from "../../../src/connectors/kit/retry-after.ts"
import { INTENT_MS, LOST_MAX, need, RENEW_GAP_MS, refreshAnswered } from "../../../src/source/credentials/token.ts"
import type { RefreshAnswer } from "../../../src/source/ports.ts"
import type { SealedTokens } from "../../../src/source/protocol/configuration.ts"
import { PROTOCOL } from "../../../src/source/protocol/source.ts"
import type { TokenState } from "../../../src/source/state/state.ts"
import { DAY, HOUR, MINUTE, START, transactionOf } from "../../support/source-world.ts"
import { ask, CLIENT, granted, LOST, REFUSED, refreshed, SECOND, token, tokens } from "./granted.ts"

describe("a refresh", () => {
  it("is durable as an intent before the partner is asked, and the pair is saved before it is used", async () => {
    const { world } = await granted()
    world.advance(50 * MINUTE)
    const seen: (string | undefined)[] = []
    world.refresh = async () => {
      seen.push(world.state().token?.intent?.id)
      return refreshed(world, "a2")
    }
    const task = await world.lease("live")
    expect(seen[0]).toMatch(/^refresh_/)
    expect(task.credential.value).toBe("a2")
    expect(world.state().token?.tokens.refresh).toBe("sealed:refresh_a2")
  })

  it("that the partner cannot answer is never the end: the fetch side is told later, further apart each time", async () => {
    const { world, asked } = await granted()
    world.advance(50 * MINUTE)
    const waits: number[] = []
    for (let tries = 0; tries < 40; tries++) {
      const answer = await world.refusedLease("live")
      expect(answer).toMatchObject({ kind: "later", reason: "Shop answered 503" })
      waits.push((answer.at ?? 0) - world.now())
      world.advance((answer.at ?? 0) - world.now())
    }
    expect(asked).toHaveLength(40)
    expect(new Set(asked.map((one) => one.tokens.refresh))).toEqual(new Set(["sealed:refresh_a1"]))
    expect(waits[1]).toBeGreaterThan(waits[0] ?? 0)
    expect(Math.max(...waits)).toBeLessThanOrEqual(15 * MINUTE)
    expect((await world.view()).error).toBeNull()
    world.refresh = async () => refreshed(world, "a2")
    expect((await world.lease("live")).credential.value).toBe("a2")
  })

  it("that is asked to wait a year waits a day", async () => {
    const { world } = await granted([{ kind: "later", reason: "slow down", retryAfterMs: 365 * DAY }])
    world.advance(50 * MINUTE)
    expect((await world.refusedLease("live")).at).toBe(world.now() + ASKED_WAIT_MAX_MS)
  })

  it("waits as long as the partner asks", async () => {
    const { world } = await granted([{ kind: "later", reason: "slow down", retryAfterMs: 10 * MINUTE }])
    world.advance(50 * MINUTE)
    expect((await world.refusedLease("live")).at).toBe(world.now() + 10 * MINUTE)
  })

  it("whose answer was lost is asked for again with the same token, and recovers where the partner lets it", async () => {
    const { world, asked, answers } = await granted([LOST, LOST])
    world.advance(50 * MINUTE)
    for (let tries = 0; tries < 2; tries++) world.advance(((await world.refusedLease("live")).at ?? 0) - world.now())
    answers.push(refreshed(world, "a2"))
    expect((await world.lease("live")).credential.value).toBe("a2")
    expect(asked.map((one) => one.tokens.refresh)).toEqual(Array(3).fill("sealed:refresh_a1"))
    expect(world.state().token).toMatchObject({ lost: 0, tries: 0 })
  })

  it("whose answers stay lost ends after three in a clear reconnect, never in a loop", async () => {
    const { world, asked } = await granted(Array(10).fill(LOST))
    world.advance(50 * MINUTE)
    for (let tries = 0; tries < 6; tries++) {
      const answer = await world.refusedLease("live")
      world.advance(Math.max(MINUTE, (answer.at ?? 0) - world.now()))
    }
    expect(asked).toHaveLength(LOST_MAX)
    const { error, status } = await world.view()
    expect(status).toBe("error")
    expect(error).toMatchObject({ code: "reconnect", remedy: expect.stringContaining("sign in") })
    await world.until(world.now() + 3 * DAY)
    expect(asked).toHaveLength(LOST_MAX)
  })

  it("whose answers are lost is not given up within minutes: a page stands before a token endpoint for longer", async () => {
    const { world, asked } = await granted(Array(10).fill(LOST))
    world.advance(50 * MINUTE)
    for (const end = world.now() + 5 * MINUTE; world.now() < end; world.advance(10_000))
      await world.engine.lease(ask(`${world.now()}`))
    expect(asked.length).toBeLessThan(LOST_MAX)
    expect((await world.view()).error).toBeNull()
  })

  it.each([
    ["three times", undefined, 3, false],
    ["for as long as the partner lets it be repeated", 30 * 86_400, 30, true],
    ["until that time is over", 30 * 86_400, 31, false],
  ])("whose answer was lost is sent again %s", (_title, refreshRepeatableSeconds, days, isKept) => {
    const tx = transactionOf({ token: token({ tokens: tokens("a1", { expiresAt: START }) }) })
    const way = { kind: "oauth2" as const, ...(refreshRepeatableSeconds && { refreshRepeatableSeconds }) }
    tx.connector = { ...tx.connector, auth: [way as OAuth2Auth<unknown>] }
    const sent = []
    for (const end = START + days * DAY; tx.now < end; tx.now += 30 * MINUTE) {
      const due = need(tx)
      if (due.kind !== "refresh") continue
      sent.push(due.ask.tokens.refresh)
      refreshAnswered(tx, due.intent, LOST)
    }
    expect(new Set(sent)).toEqual(new Set(["sealed:refresh_a1"]))
    expect(tx.state.error === null).toBe(isKept)
    if (refreshRepeatableSeconds === undefined) expect(sent).toHaveLength(LOST_MAX)
  })

  it("whose asker vanished counts as lost, once its intent is over", async () => {
    const { world, asked } = await granted()
    world.advance(50 * MINUTE)
    for (let tries = 1; tries <= 4; tries++) {
      world.refresh = (one) => {
        asked.push(one)
        return new Promise(() => {})
      }
      void world.engine.lease(ask(`gone${tries}`))
      await Promise.resolve()
      world.restart()
      world.advance(INTENT_MS)
      const answer = await world.refusedLease("live")
      expect(answer.kind).toBe(tries < LOST_MAX ? "later" : "idle")
      world.advance(Math.max(0, (answer.at ?? 0) - world.now()))
    }
    expect(asked).toHaveLength(LOST_MAX)
    expect((await world.view()).error?.code).toBe("reconnect")
  })

  it("that the partner refused is never sent again, whatever is asked for", async () => {
    const { world, asked } = await granted([REFUSED])
    const task = await world.lease("live")
    expect(await world.engine.credential({ protocol: PROTOCOL, lease: task.lease, failedVersion: 2 })).toBeNull()
    expect(asked).toHaveLength(1)
    expect(need(transactionOf({ token: { ...(world.state().token as TokenState), refused: true } })).kind).toBe("none")
    await world.until(START + 100 * DAY)
    expect(asked).toHaveLength(1)
  })

  it("that the partner refuses is a reconnect at once, after which everything goes on", async () => {
    const { world, asked } = await granted([REFUSED])
    world.advance(50 * MINUTE)
    expect((await world.refusedLease("live")).kind).toBe("idle")
    expect((await world.view()).error).toMatchObject({ code: "reconnect" })
    expect(asked).toHaveLength(1)
    await world.configure({
      grant: { id: "grant_2", tokens: tokens("b1", { expiresAt: world.now() + HOUR }) },
      credentialVersion: 2,
    })
    expect((await world.view()).error).toBeNull()
    expect((await world.lease("live")).credential.value).toBe("b1")
  })

  it("that comes back after a reconnect changes nothing", async () => {
    const { world } = await granted()
    world.advance(50 * MINUTE)
    let answer = (_given: RefreshAnswer) => {}
    world.refresh = () =>
      new Promise((resolve) => {
        answer = resolve
      })
    const waiting = world.engine.lease(ask("n1"))
    await new Promise((resolve) => setTimeout(resolve, 0))
    await world.configure({
      grant: { id: "grant_2", tokens: tokens("b1", { expiresAt: world.now() + HOUR }) },
      credentialVersion: 2,
    })
    answer(refreshed(world, "a2"))
    const told = await waiting
    expect(told.kind === "given" && told.task.credential.value).toBe("b1")
    expect(world.state().token).toMatchObject({ grant: "grant_2", tokens: { access: "sealed:b1" } })
  })
})

describe("a missing or wrong OAuth client of ours", () => {
  it("ends no source: it waits, visibly, with one alert, and goes on by itself", async () => {
    const { world, asked, answers } = await granted(Array(300).fill(CLIENT))
    world.advance(50 * MINUTE)
    const first = world.now()
    for (let tries = 0; tries < 200; tries++) world.advance(((await world.refusedLease("live")).at ?? 0) - world.now())
    expect(world.now() - first).toBeGreaterThan(DAY)
    const view = await world.view()
    expect(view).toMatchObject({ error: null, operatorWait: { since: first, reason: CLIENT.reason } })
    expect(view.status).not.toBe("error")
    expect((await world.refusedLease("live")).reason).toBe(
      `${CLIENT.reason}. Nothing is lost: the sync goes on by itself after that.`,
    )
    expect(world.lines.filter((line) => line === "operator.alert")).toHaveLength(1)
    expect(world.published).toEqual(["connected"])
    answers.splice(0, answers.length, refreshed(world, "a2"))
    const before = asked.length
    world.advance(15 * MINUTE)
    answers.splice(0, answers.length, refreshed(world, "a2"))
    expect((await world.lease("live")).credential.value).toBe("a2")
    expect(asked).toHaveLength(before + 1)
    expect((await world.view()).operatorWait).toBeNull()
    expect(world.published).toEqual(["connected", "connected"])
  })

  it("is forgotten with a sign-in by another client", async () => {
    const { world } = await granted([CLIENT])
    world.advance(50 * MINUTE)
    await world.refusedLease("live")
    const view = await world.configure({ grant: { id: "grant_2", tokens: tokens("b1") }, credentialVersion: 2 })
    expect(view.operatorWait).toBeNull()
  })
})

describe("a token endpoint that grants a second at a time", () => {
  /** Everything it is asked for lives as long, or as short. */
  async function brief(changes: (now: number) => Partial<SealedTokens>) {
    const { world } = await granted([], changes(START))
    const asked: number[] = []
    world.refresh = async () => {
      asked.push(world.now())
      return { kind: "refreshed", tokens: tokens(`a${asked.length + 1}`, changes(world.now())) }
    }
    return { world, asked }
  }

  const access = (now: number) => ({ expiresAt: now + SECOND, lifeMs: SECOND })
  const both = (now: number) => ({ ...access(now), refreshExpiresAt: now + SECOND, refreshLifeMs: SECOND })

  it("is asked once a minute, and the source is read all the same", async () => {
    const { world, asked } = await brief(access)
    let read = 0
    for (const end = START + 10 * MINUTE; world.now() < end; world.advance(SECOND)) {
      const answer = await world.engine.lease(ask(`n${world.now()}`))
      if (answer.kind !== "given") continue
      read++
      await world.page(answer.task, { next: `t${read}` })
      await world.settle(answer.task, { kind: "release" })
    }
    expect(read).toBe(600)
    expect(asked.length).toBeGreaterThan(8)
    expect(asked.length).toBeLessThanOrEqual(10)
  })

  it("is asked once a minute for a source that rests, too", async () => {
    const { world, asked } = await brief(both)
    await world.configure({ active: false })
    await world.until(START + 10 * MINUTE)
    expect(asked.length).toBeGreaterThan(8)
    expect(asked.length).toBeLessThanOrEqual(10)
  })

  it("and means it: what it gave is refused after a second. Reading waits for the rest of the minute, and no longer", async () => {
    const { world, asked } = await brief(access)
    const refuse = async (version: number) => {
      const task = await world.lease("live")
      expect(task.credential.version).toBe(version)
      const failed = { protocol: PROTOCOL, lease: task.lease, failedVersion: version }
      return { task, renewed: await world.engine.credential(failed) }
    }
    const first = await refuse(2)
    expect(first.renewed).toEqual({ kind: "accessToken", value: "a2", version: 3 })
    await world.settle(first.task, { kind: "release" })
    world.advance(5 * SECOND)
    const { task, renewed } = await refuse(3)
    expect(renewed).toBeNull()
    await world.settle(task, { kind: "auth", reason: "expired", credentialVersion: 3 })
    world.wakes.length = 0
    expect(await world.refusedLease("live")).toMatchObject({ kind: "later", at: START + RENEW_GAP_MS })
    expect(world.wakes).not.toContain("fetch")
    await world.until(START + RENEW_GAP_MS)
    expect(world.wakes).toContain("fetch")
    expect((await world.lease("live")).credential).toEqual({ kind: "accessToken", value: "a3", version: 4 })
    expect((await world.view()).error).toBeNull()
    expect(asked).toEqual([START, START + RENEW_GAP_MS])
  })
})
