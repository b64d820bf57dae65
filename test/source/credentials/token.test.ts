import { describe, expect, it } from "vitest"
import { AUTH_CONFIRM_MS } from "../../../src/source/credentials/checking.ts"
import { KEEP_AHEAD_MS, keepAt, need, needAfterRefusal, RENEW_AHEAD_MS } from "../../../src/source/credentials/token.ts"
import type { RefreshAnswer } from "../../../src/source/ports.ts"
import { PROTOCOL } from "../../../src/source/protocol/source.ts"
import { readState, STATE_SCHEMA } from "../../../src/source/state/stored.ts"
import { DAY, fact, HOUR, MINUTE, START, sourceWorld, transactionOf } from "../../support/source-world.ts"
import { ask, granted, LATER, refreshed, token, tokens } from "./granted.ts"

describe("a token", () => {
  it.each([
    ["an hour's, with sixteen minutes left", HOUR, 16 * MINUTE, "none"],
    ["an hour's, with fifteen minutes left", HOUR, RENEW_AHEAD_MS, "refresh"],
    ["one that has run out", HOUR, -MINUTE, "refresh"],
    ["ten minutes', with three left", 10 * MINUTE, 3 * MINUTE, "none"],
    ["ten minutes', in its last quarter", 10 * MINUTE, 2.5 * MINUTE, "refresh"],
  ])("%s: %s ms of life, %s ms left: %s", (_title, lifeMs, left, kind) => {
    const tx = transactionOf({ token: token({ tokens: tokens("a1", { lifeMs, expiresAt: START + left }) }) })
    expect(need(tx).kind).toBe(kind)
  })

  it.each([
    ["that never expires", { expiresAt: null, lifeMs: null }],
    ["that cannot be renewed", { refresh: null, expiresAt: START - 1 }],
  ])("%s is handed out as it is", (_title, changes) => {
    expect(need(transactionOf({ token: token({ tokens: tokens("a1", changes) }) })).kind).toBe("none")
  })

  it("of a pasted key is none", () => {
    expect(need(transactionOf()).kind).toBe("none")
    expect(needAfterRefusal(transactionOf(), 1).kind).toBe("none")
    expect(keepAt(transactionOf().state)).toBeNull()
  })

  it("is asked for by one at a time, whoever had an intent before and left it", () => {
    const due = { tokens: tokens("a1", { expiresAt: START }) }
    const held = transactionOf({ token: token({ ...due, intent: { id: "i", until: START + 1 } }) })
    expect(need(held)).toEqual({ kind: "wait", until: START + 1 })
    // Whoever had it may have used the refresh token up: asked again at once, three crashes would end the grant within a minute.
    const left = transactionOf({ token: token({ ...due, intent: { id: "i", until: START } }) })
    const again = need(left)
    expect(again).toEqual({ kind: "wait", until: expect.any(Number) })
    expect(left.state.token).toMatchObject({ lost: 1, intent: null })
    const later = { ...left, now: again.kind === "wait" ? again.until : 0 }
    expect(need(later).kind).toBe("refresh")
  })

  it("of a source that rests is renewed a week before it lapses, or in the last quarter of a short life", () => {
    const at = (life: number) =>
      keepAt(
        transactionOf({
          token: token({ tokens: tokens("a", { refreshExpiresAt: START + life, refreshLifeMs: life }) }),
        }).state,
      )
    expect(at(90 * DAY)).toBe(START + 90 * DAY - KEEP_AHEAD_MS)
    expect(at(4 * DAY)).toBe(START + 3 * DAY)
  })
})

describe("a grant", () => {
  it("is taken once, kept here alone, and used", async () => {
    const { world } = await granted()
    expect(world.state().configuration.grant).toEqual({ id: "grant_1", tokens: null })
    expect((await world.lease("live")).credential).toEqual({ kind: "accessToken", value: "a1", version: 2 })
    await world.configure({ grant: { id: "grant_1", tokens: tokens("stale") }, name: "x" } as never)
    expect(world.state().token?.tokens.access).toBe("sealed:a1")
  })

  it("of a newer sign-in takes the old one's place; a pasted key takes any grant's", async () => {
    const { world } = await granted()
    await world.configure({ grant: { id: "grant_2", tokens: tokens("b1") }, credentialVersion: 2 })
    expect((await world.lease("live")).credential).toEqual({ kind: "accessToken", value: "b1", version: 3 })
    await world.configure({ grant: null, credential: "sealed:key_9", credentialVersion: 3 })
    expect(world.state().token).toBeNull()
    expect((await world.lease("live")).credential).toEqual({ kind: "key", value: "key_9", version: 3 })
  })

  it("reads state that was stored before there were grants", async () => {
    const world = sourceWorld()
    await world.configure()
    const { token: _none, ...stored } = world.state()
    expect(readState(JSON.stringify(stored))).toMatchObject({ schema: STATE_SCHEMA, token: null })
    world.restart()
    expect((await world.lease("live")).credential).toEqual({ kind: "key", value: "key_1", version: 1 })
  })

  it("is given back with the source, and tried again where the partner does not answer", async () => {
    const { world } = await granted()
    expect(await world.engine.erase(true)).toEqual({ ok: true })
    expect(world.revoked).toEqual(["sealed:a1"])
    const other = (await granted()).world
    expect(await other.engine.erase()).toEqual({ ok: true })
    expect(other.revoked).toEqual([])
  })

  it("takes its time to be given back: a bookmark that was let go of meanwhile does not come back", async () => {
    const { world } = await granted()
    await world.page(await world.lease("live"), { items: [fact("sent", START)] })
    const erasing = world.engine.erase(true)
    await world.engine.bookmarkKept()
    expect((await erasing).bookmark).toBeDefined()
    expect(await world.engine.erase(true)).toEqual({ ok: true })
  })

  it("is kept once another source reads the account: giving it back would take the app away from that one, too", async () => {
    const { world } = await granted()
    world.takesBack = false
    expect(await world.engine.erase(true)).toEqual({ ok: false })
    world.takesBack = true
    expect(await world.engine.erase(false)).toEqual({ ok: true })
    expect(world.revoked).toEqual([])
    expect(await world.engine.erase(true)).toEqual({ ok: true })
    expect(world.revoked).toEqual([])
  })
})

describe("fifty parallel demands for a token that is about to run out", () => {
  it("make one refresh, and all of them get on", async () => {
    const { world, asked } = await granted()
    world.advance(50 * MINUTE)
    let answer = (_given: RefreshAnswer) => {}
    world.refresh = (one) => {
      asked.push(one)
      return new Promise((resolve) => {
        answer = resolve
      })
    }
    const demands = Array.from({ length: 50 }, (_, index) => world.engine.lease(ask(`n${index}`)))
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(asked).toHaveLength(1)
    expect(world.state().token?.intent).not.toBeNull()
    answer(refreshed(world, "a2"))
    const kinds = (await Promise.all(demands)).map((one) =>
      one.kind === "given" ? one.task.credential.value : one.kind,
    )
    expect(asked).toHaveLength(1)
    expect(kinds.filter((kind) => kind === "a2")).toHaveLength(1)
    expect(new Set(kinds)).toEqual(new Set(["a2", "idle"]))
    expect(world.state().token).toMatchObject({ version: 3, intent: null, tokens: { access: "sealed:a2" } })
  })

  it("after a 401 make one as well, and each gets the new one", async () => {
    const { world, asked } = await granted([])
    const task = await world.lease("live")
    world.refresh = async (one) => {
      asked.push(one)
      await new Promise((resolve) => setTimeout(resolve, 5))
      return refreshed(world, "a2")
    }
    const told = await Promise.all(
      Array.from({ length: 50 }, () =>
        world.engine.credential({ protocol: PROTOCOL, lease: task.lease, failedVersion: 2 }),
      ),
    )
    expect(asked).toHaveLength(1)
    expect(told).toEqual(Array.from({ length: 50 }, () => ({ kind: "accessToken", value: "a2", version: 3 })))
  })

  it("send no wake-up while it lasts", async () => {
    const { world, answers } = await granted()
    world.advance(50 * MINUTE)
    answers.push(refreshed(world, "a2"))
    world.wakes.length = 0
    expect((await world.lease("live")).credential.value).toBe("a2")
    expect(world.wakes.filter((lane) => lane === "fetch")).toEqual([])
  })
})

describe("a 401", () => {
  it("renews the token once; refused again, and once more after some minutes, it is the end", async () => {
    const { world } = await granted()
    world.refresh = async () => refreshed(world, "a2")
    const task = await world.lease("live")
    expect(await world.engine.credential({ protocol: PROTOCOL, lease: task.lease, failedVersion: 2 })).toEqual({
      kind: "accessToken",
      value: "a2",
      version: 3,
    })
    await world.settle(task, { kind: "auth", reason: "no such token", credentialVersion: 3 })
    expect((await world.view()).error).toBeNull()
    await world.until(START + AUTH_CONFIRM_MS)
    await world.settle(await world.lease("live"), { kind: "auth", reason: "no such token", credentialVersion: 3 })
    expect((await world.view()).error).toMatchObject({ code: "reconnect" })
  })

  it("is not the end while the token endpoint is down", async () => {
    const { world, answers } = await granted([LATER])
    const task = await world.lease("live")
    expect(await world.engine.credential({ protocol: PROTOCOL, lease: task.lease, failedVersion: 2 })).toBeNull()
    await world.settle(task, { kind: "auth", reason: "no such token", credentialVersion: 2 })
    expect((await world.view()).error).toBeNull()
    const { at = 0 } = await world.refusedLease("live")
    world.advance(at - world.now())
    answers.push(refreshed(world, "a2"))
    expect((await world.lease("live")).credential).toEqual({ kind: "accessToken", value: "a2", version: 3 })
  })

  it("of a token that cannot be renewed is the end once it is confirmed", async () => {
    const { world, asked } = await granted([], { refresh: null, refreshExpiresAt: null, refreshLifeMs: null })
    const task = await world.lease("live")
    expect(await world.engine.credential({ protocol: PROTOCOL, lease: task.lease, failedVersion: 2 })).toBeNull()
    await world.settle(task, { kind: "auth", reason: "no such token", credentialVersion: 2 })
    await world.until(START + AUTH_CONFIRM_MS)
    await world.settle(await world.lease("live"), { kind: "auth", reason: "no such token", credentialVersion: 2 })
    expect((await world.view()).error?.code).toBe("reconnect")
    expect(asked).toEqual([])
  })
})

describe("a source that rests", () => {
  it("renews its grant before it lapses, and asks for nothing else", async () => {
    const { world, asked } = await granted([], { refreshExpiresAt: START + 90 * DAY, refreshLifeMs: 90 * DAY })
    world.refresh = async (one) => {
      asked.push(one)
      return {
        kind: "refreshed",
        tokens: tokens("a2", { refreshExpiresAt: world.now() + 90 * DAY, refreshLifeMs: 90 * DAY }),
      }
    }
    await world.configure({ active: false })
    await world.until(START + 82 * DAY)
    expect(asked).toHaveLength(0)
    await world.until(START + 84 * DAY)
    expect(asked).toHaveLength(1)
    await world.until(START + 200 * DAY)
    expect(asked).toHaveLength(2)
  })
})
