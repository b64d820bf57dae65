/** A credential that the partner refuses: confirmed by one call before the source stops, and tried once a day after that. */
import { describe, expect, it } from "vitest"
import { AUTH_CONFIRM_MS, dailyTryAt, TRY_DAILY_MS } from "../../../src/source/credentials/checking.ts"
import type { RefreshAnswer } from "../../../src/source/ports.ts"
import type { SealedTokens } from "../../../src/source/protocol/configuration.ts"
import type { Outcome } from "../../../src/source/protocol/fetching.ts"
import { PROTOCOL } from "../../../src/source/protocol/source.ts"
import {
  begunWorld,
  choose,
  DAY,
  fact,
  HOUR,
  MINUTE,
  START,
  START_DATE,
  sourceWorld,
  transactionOf,
  type World,
} from "../../support/source-world.ts"

const REFUSED: Outcome = { kind: "auth", reason: "no such key.", credentialVersion: 1 }

/** The feed's reader is refused while a list is being read; then the confirming call is due. */
async function refusedOnce(): Promise<World> {
  const world = await begunWorld()
  await world.settle(await world.lease("live"), REFUSED)
  return world
}

async function stopped(): Promise<World> {
  const world = await refusedOnce()
  await world.until(START + AUTH_CONFIRM_MS)
  await world.settle(await world.lease("live"), REFUSED)
  return world
}

describe("a refusal in the partner's words", () => {
  it("stops nothing yet: the source is connected, and says that it checks the key", async () => {
    const world = await refusedOnce()
    const until = START + AUTH_CONFIRM_MS
    const view = await world.view()
    expect(view).toMatchObject({ status: "connected", error: null })
    expect(view.checking).toEqual({ since: START, until, reason: "no such key." })
    expect(view.current[0]?.waits?.until).toBe(until)
    for (const lane of ["live", "backfill"] as const)
      expect(await world.refusedLease(lane)).toMatchObject({ kind: "later", at: until })
    expect(world.published).toEqual([])
  })

  it("answers Sync now with the time to wait", async () => {
    const world = await refusedOnce()
    world.advance(MINUTE)
    expect(await world.engine.syncNow()).toMatchObject({
      ok: false,
      code: "checking_credentials",
      retryAfterSeconds: 240,
      message: expect.stringContaining("What was read is kept"),
    })
  })

  it("is followed by one call with the same credential, whoever asks for it", async () => {
    const world = await refusedOnce()
    world.wakes.length = 0
    await world.until(START + AUTH_CONFIRM_MS)
    expect(world.wakes.length).toBeGreaterThan(0)
    const task = await world.lease("backfill")
    expect(task.credential).toEqual({ kind: "key", value: "key_1", version: 1 })
    expect(await world.refusedLease("live")).toMatchObject({ kind: "later", at: task.until })
    expect(await world.refusedLease("backfill")).toMatchObject({ kind: "later", at: task.until })
  })

  it("that is not repeated was the partner's mistake: reading goes on where it stopped", async () => {
    const world = await begunWorld({ collections: choose("Orders") })
    const list = await world.lease("backfill")
    await world.page(list, { items: [fact("a", START_DATE)], next: "t1" })
    await world.settle(list, { kind: "release" })
    await world.settle(await world.lease("live"), REFUSED)
    await world.until(START + AUTH_CONFIRM_MS)
    const task = await world.lease("backfill")
    expect(task.pageToken).toBe("t1")
    expect(await world.page(task, { next: "t2" })).toBe("go")
    expect((await world.view()).checking).toBeNull()
    expect((await world.lease("live")).stream).toBe("feed")
    const runs = await world.engine.runs({ limit: 10, cursor: null })
    expect(runs.ok && runs.runs.map(({ state }) => state)).toEqual(["reading", "reading"])
  })

  it("is not answered by a reader that asked the partner nothing", async () => {
    const world = await refusedOnce()
    await world.until(START + AUTH_CONFIRM_MS)
    const { lease } = await world.lease("live")
    const outcome: Outcome = {
      kind: "fault",
      reason: "The stored credentials cannot be opened, because of a mistake on our side.",
    }
    await world.engine.settle({ protocol: PROTOCOL, lease, outcome, calls: 0 })
    expect((await world.view()).checking).not.toBeNull()
  })

  it("that is repeated stops the source", async () => {
    const world = await stopped()
    const view = await world.view()
    expect(view).toMatchObject({ status: "error", nextRunAt: null, checking: null })
    expect(view.error).toMatchObject({ code: "credentials_rejected", at: START + AUTH_CONFIRM_MS })
    expect(view.error?.message).toContain("twice some minutes apart: no such key.")
  })

  it.each<[string, Outcome, boolean]>([
    ["may not read the list", { kind: "denied", collections: ["Orders"], reason: "no scope" }, true],
    ["sends too much", { kind: "too_large", reason: "too much" }, true],
    ["knows the page token no more", { kind: "token_refused", reason: "gone" }, true],
    ["finds the request wrong", { kind: "fault", reason: "400" }, true],
    ["does not answer", { kind: "transient", reason: "500" }, false],
    ["asks to wait", { kind: "limited", until: START + HOUR, reason: "429" }, false],
    ["was not asked", { kind: "release" }, false],
  ])("is settled by a partner that %s: %s", async (_title, outcome, isSettled) => {
    const world = await refusedOnce()
    await world.until(START + AUTH_CONFIRM_MS)
    await world.settle(await world.lease("backfill"), outcome)
    expect(world.state().checking === null).toBe(isSettled)
    expect(world.state().error).toBeNull()
  })

  it("keeps the page that was being read, and lets go of what reads on", async () => {
    const world = await begunWorld()
    const list = await world.lease("backfill")
    await world.settle(await world.lease("live"), REFUSED)
    expect(await world.page(list, { items: [fact("a", START_DATE)], next: "t1" })).toBe("stop")
    expect(world.state().checking).not.toBeNull()
    expect(await world.deliver()).toHaveLength(1)
  })

  it("is not confirmed by a reader from before it, however late", async () => {
    const world = await begunWorld()
    const list = await world.lease("backfill")
    await world.settle(await world.lease("live"), REFUSED)
    world.advance(AUTH_CONFIRM_MS + MINUTE)
    expect(await world.engine.credential({ protocol: PROTOCOL, lease: list.lease, failedVersion: 0 })).toBeNull()
    await world.settle(list, REFUSED)
    expect((await world.view()).error).toBeNull()
    expect((await world.lease("backfill")).credential.value).toBe("key_1")
  })

  it("is forgotten with another key, which is tried at once", async () => {
    const world = await refusedOnce()
    const view = await world.configure({ credential: "sealed:key_2", credentialVersion: 2 })
    expect(view).toMatchObject({ status: "syncing", checking: null })
    expect((await world.lease("live")).credential.value).toBe("key_2")
    expect(await world.engine.syncNow()).toMatchObject({ code: "run_in_progress" })
  })

  it("waits with a source that is paused, and is confirmed when it goes on", async () => {
    const world = await refusedOnce()
    await world.configure({ active: false })
    await world.until(START + HOUR)
    expect((await world.view()).status).toBe("paused")
    await world.configure({ active: true })
    await world.settle(await world.lease("live"), REFUSED)
    expect((await world.view()).error?.code).toBe("credentials_rejected")
  })

  it("is tried by the next where the one that tries it is never heard of again", async () => {
    const world = await refusedOnce()
    await world.until(START + AUTH_CONFIRM_MS)
    const { until } = await world.lease("live")
    await world.until(until)
    expect((await world.lease("live")).credential.value).toBe("key_1")
  })
})

function tokens(name: string, changes: Partial<SealedTokens> = {}): SealedTokens {
  return {
    ...{ access: `sealed:${name}`, refresh: `sealed:refresh_${name}`, client: "ca_1", isOwnClient: false },
    ...{ expiresAt: START + HOUR, lifeMs: HOUR, refreshExpiresAt: START + 365 * DAY, refreshLifeMs: 365 * DAY },
    ...changes,
  }
}

async function granted(answers: RefreshAnswer[]): Promise<{ world: World; asked: string[] }> {
  const world = sourceWorld()
  const asked: string[] = []
  world.refresh = async (ask) => {
    asked.push(ask.tokens.refresh ?? "")
    return answers.shift() ?? { kind: "later", reason: "no answer", retryAfterMs: null }
  }
  await world.configure({ credential: null, grant: { id: "grant_1", tokens: tokens("a1") } })
  return { world, asked }
}

const refreshed = (name: string, at: number): RefreshAnswer => ({
  kind: "refreshed",
  tokens: tokens(name, { expiresAt: at + HOUR }),
})

describe("a refused access token", () => {
  it("is renewed first, and the renewed one is confirmed without another renewal", async () => {
    const { world, asked } = await granted([refreshed("a2", START)])
    const task = await world.lease("live")
    const newer = await world.engine.credential({ protocol: PROTOCOL, lease: task.lease, failedVersion: 2 })
    expect(newer).toEqual({ kind: "accessToken", value: "a2", version: 3 })
    await world.settle(task, { ...REFUSED, credentialVersion: 3 })
    expect((await world.view()).error).toBeNull()
    await world.until(START + AUTH_CONFIRM_MS)
    const again = await world.lease("live")
    expect(again.credential.value).toBe("a2")
    expect(await world.engine.credential({ protocol: PROTOCOL, lease: again.lease, failedVersion: 3 })).toBeNull()
    await world.settle(again, { ...REFUSED, credentialVersion: 3 })
    expect((await world.view()).error?.code).toBe("reconnect")
    expect(asked).toEqual(["sealed:refresh_a1"])
  })
})

describe("an access token whose reader let go of it as refused, and did not ask for another", () => {
  it("is renewed with the next lease before it is checked", async () => {
    const { world, asked } = await granted([refreshed("a2", START)])
    await world.settle(await world.lease("live"), { ...REFUSED, credentialVersion: 2 })
    expect((await world.view()).checking).toBeNull()
    const next = await world.lease("live")
    expect(next.credential).toEqual({ kind: "accessToken", value: "a2", version: 3 })
    await world.settle(next, { ...REFUSED, credentialVersion: 3 })
    expect((await world.view()).checking).toMatchObject({ since: START })
    expect(asked).toEqual(["sealed:refresh_a1"])
  })
})

describe("a source that stopped for its credential", () => {
  it("tries it once a day, with one call, and stays stopped as long as it is refused", async () => {
    const world = await stopped()
    const at = world.now()
    await world.until(at + TRY_DAILY_MS - 1)
    expect(world.tried).toEqual([])
    await world.until(at + 10.5 * DAY)
    expect(world.tried).toEqual(Array(10).fill("key_1"))
    expect((await world.view()).status).toBe("error")
    expect(world.state().run).toBeNull()
  })

  it.each(["refused", "unknown"] as const)("is not woken by an answer that is %s", async (answer) => {
    const world = await stopped()
    world.accepts = answer
    await world.until(world.now() + 1.5 * DAY)
    expect((await world.view()).error?.code).toBe("credentials_rejected")
  })

  it("goes on where it stopped once it is accepted", async () => {
    const world = await stopped()
    world.accepts = "accepted"
    await world.until(world.now() + TRY_DAILY_MS + MINUTE)
    const view = await world.view()
    expect(view).toMatchObject({ status: "syncing", error: null })
    expect(view.nextRunAt).not.toBeNull()
    expect(world.published).toEqual(["error", "connected"])
    expect((await world.lease("live")).stream).toBe("feed")
    expect((await world.lease("backfill")).stream).toBe("orders")
    await world.until(world.now() + 3 * DAY)
    expect(world.tried).toHaveLength(1)
  })

  it("tries nothing while it is paused or deleted", async () => {
    const world = await stopped()
    await world.configure({ active: false })
    await world.until(world.now() + 3 * DAY)
    expect(world.tried).toEqual([])
    await world.engine.erase()
    await world.until(world.now() + 3 * DAY)
    expect(world.tried).toEqual([])
  })

  it("renews an access token that has run out first, once", async () => {
    const { world, asked } = await granted([refreshed("a2", START)])
    const task = await world.lease("live")
    await world.engine.credential({ protocol: PROTOCOL, lease: task.lease, failedVersion: 2 })
    await world.settle(task, { ...REFUSED, credentialVersion: 3 })
    await world.until(START + AUTH_CONFIRM_MS)
    await world.settle(await world.lease("live"), { ...REFUSED, credentialVersion: 3 })
    const at = world.now() + TRY_DAILY_MS
    world.refresh = async (ask) => {
      asked.push(ask.tokens.refresh ?? "")
      return refreshed("a3", at)
    }
    world.accepts = "accepted"
    await world.until(at + MINUTE)
    expect(asked).toEqual(["sealed:refresh_a1", "sealed:refresh_a2"])
    expect(world.tried).toEqual(["a3"])
    expect((await world.view()).error).toBeNull()
  })

  it("asks a grant that is over for nothing: neither is its refresh token sent again, nor a token tried that has run out", async () => {
    const { world, asked } = await granted([
      { kind: "refused", reason: "the access that was approved has expired or was withdrawn" },
    ])
    world.advance(50 * MINUTE)
    await world.refusedLease("live")
    expect((await world.view()).error?.code).toBe("reconnect")
    await world.until(world.now() + 10 * DAY)
    expect(asked).toHaveLength(1)
    expect(world.tried).toEqual([])
    expect(world.store.alarmAt === null || world.store.alarmAt < world.now()).toBe(true)
  })

  it("tries a key that was pasted in a state stored before there were probes", () => {
    const error = { code: "credentials_rejected", message: "", remedy: "", at: START }
    expect(dailyTryAt(transactionOf({ error }).state)).toBe(START + TRY_DAILY_MS)
    expect(dailyTryAt(transactionOf({ error: { ...error, code: "other" } }).state)).toBeNull()
  })
})
