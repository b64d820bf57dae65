import { expect, test } from "vitest"
import { exchangeSealed, keyIdsOf, secretsOf } from "../../../src/source/credentials/sealed.ts"
import type { State, Tombstone } from "../../../src/source/state/state.ts"
import { freshState, STATE_SCHEMA } from "../../../src/source/state/stored.ts"
import { configurationOf } from "../../support/source-world.ts"

const tokens = {
  ...{ access: "v1.k1.a.a", refresh: "v1.k2.r.r", client: "c", expiresAt: null, lifeMs: null },
  ...{ refreshExpiresAt: null, refreshLifeMs: null },
}
const destination = { org: "o", project: "p", sourceId: "1", key: "v1.k1.d.d", owner: "" }

function signedIn(): State {
  const state = freshState(configurationOf({ credential: null, destination }))
  return {
    ...state,
    token: {
      grant: "g",
      version: 1,
      tokens: { ...tokens },
      refused: false,
      intent: null,
      lost: 0,
      sentAt: null,
      isOver: false,
      renewedAt: null,
      tries: 0,
    },
  }
}

test("every sealed value of a source is told, with whom and what it is sealed for", () => {
  expect(secretsOf(freshState(configurationOf({ credential: "v1.k1.c.c", destination: null })))).toEqual([
    { owner: "src_1", purpose: "credential", value: "v1.k1.c.c" },
  ])
  expect(secretsOf(signedIn())).toEqual([
    { owner: "", purpose: "destination", value: "v1.k1.d.d" },
    { owner: "src_1", purpose: "grant", value: "v1.k1.a.a" },
    { owner: "src_1", purpose: "grant", value: "v1.k2.r.r" },
  ])
  expect(keyIdsOf(secretsOf(signedIn()))).toEqual(["k1", "k2"])
})

test("what was sealed anew takes the place of exactly what was read", () => {
  const state = signedIn()
  exchangeSealed(
    state,
    new Map([
      ["v1.k1.a.a", "v1.k2.A.A"],
      ["v1.k1.gone", "v1.k2.GONE"],
    ]),
  )
  expect(secretsOf(state).map(({ value }) => value)).toEqual(["v1.k1.d.d", "v1.k2.A.A", "v1.k2.r.r"])
})

test("a grant that a deleted source has still to give back is sealed anew too", () => {
  const ref = { org: "o", project: "p", source: "src_1" }
  const ask = { ref, connector: "shop", config: {}, tokens: { ...tokens } }
  const tombstone: Tombstone = { schema: STATE_SCHEMA, erased: true, revoke: { ask, tries: 1 } }
  expect(secretsOf(tombstone).map(({ value }) => value)).toEqual(["v1.k1.a.a", "v1.k2.r.r"])
  exchangeSealed(tombstone, new Map([["v1.k1.a.a", "v1.k2.A.A"]]))
  expect(secretsOf(tombstone).map(({ value }) => value)).toEqual(["v1.k2.A.A", "v1.k2.r.r"])
})
