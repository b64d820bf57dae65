import { describe, expect, it } from "vitest"
import { coarse } from "../../../src/source/state/state.ts"
import { freshState, isTombstone, readState, STATE_SCHEMA, StateError } from "../../../src/source/state/stored.ts"
import { configurationOf } from "../../support/source-world.ts"

describe("the core row", () => {
  it("is read as it was written", () => {
    const state = freshState(configurationOf())
    expect(readState(JSON.stringify(state))).toEqual(state)
    expect(JSON.stringify(readState(JSON.stringify(state)))).toBe(JSON.stringify(state))
  })

  it("of a newer deploy is not read at all", () => {
    const newer = { ...freshState(configurationOf()), schema: STATE_SCHEMA + 1 }
    expect(() => readState(JSON.stringify(newer))).toThrow(StateError)
  })

  it("of an older deploy gets what it lacks", () => {
    const { token: _none, answerMs: _unknown, ...older } = freshState(configurationOf())
    expect(readState(JSON.stringify({ ...older, schema: 1 }))).toEqual(freshState(configurationOf()))
  })

  it("of an older deploy shows a backfill's share from its next page on", () => {
    const backfill = {
      id: "p1",
      kind: "initial" as const,
      slices: [],
      run: null,
      trigger: "manual" as const,
      overlap: null,
    }
    const older = { ...freshState(configurationOf()), backfills: [backfill] }
    expect(readState(JSON.stringify(older))).toMatchObject({ backfills: [{ ...backfill, share: null }] })
  })

  it("of a deleted source is told from one that lives", () => {
    expect(isTombstone(readState(JSON.stringify({ schema: 1, erased: true })))).toBe(true)
    expect(isTombstone(freshState(configurationOf()))).toBe(false)
  })
})

describe("the coarse status", () => {
  const error = { code: "credentials_rejected", message: "", remedy: "", at: 0 }

  const client = { since: 0, reason: "the client is missing" }

  it.each([
    ["connected", null, true, null],
    ["paused", null, false, null],
    ["connected:waiting_for_operator", null, true, client],
    ["paused:waiting_for_operator", null, false, client],
    ["error:credentials_rejected", error, true, null],
    ["error:credentials_rejected", error, false, null],
  ])("is %s", (expected, problem, active, operatorWait) => {
    expect(coarse({ error: problem, configuration: configurationOf({ active }), operatorWait })).toBe(expected)
  })
})
