import { describe, expect, it } from "vitest"
import type { Bookmark } from "../../../src/source/protocol/bookmark.ts"
import { renamedBookmark, renamedItem, renamedRun } from "../../../src/source/state/renamed.ts"
import { freshState, readState, STATE_SCHEMA, upgradeRun } from "../../../src/source/state/stored.ts"
import { configurationOf } from "../../support/source-world.ts"

const counts = { dropped: 1, late: 0, quarantined: 0 }

/** The core row as schema 2 wrote it: a source in the middle of its first sync. */
function schema2() {
  const { backfills: _1, backfillSpans: _2, leases: _3, ids: _4, ...fresh } = freshState(configurationOf())
  const slice = { id: "p1:rows", bottom: 0, stuck: null, digest: null, mayHaveMoved: false }
  const run = { id: "run_1", kind: "initial", failed: [], collections: { Rows: { ...counts, taken: 7 } } }
  return {
    ...fresh,
    schema: 2,
    grants: 4,
    ids: { run: 1, pass: 1, outbox: 2, quarantine: 3, seen: 5, open: 6 },
    live: { rows: { cursor: 9, completed: [], perHour: null, slice: { ...slice, id: "live:rows", token: "next" } } },
    passes: [{ id: "p1", kind: "initial", slices: [{ ...slice, token: "page 2" }] }],
    passSpans: { Rows: [{ from: 1, to: 2 }] },
    run: { ...run, untold: [] },
    others: [{ ...run, untold: [{ collection: "Rows", reason: "short list" }] }],
    counts: { Rows: { ...counts, taken: 8, refused: 0, lastItemAt: null } },
  }
}

describe("what schema 2 stored", () => {
  it("is read under the names of now, with every value kept", () => {
    const slice = { id: "p1:rows", bottom: 0, stuck: null, digest: null, mayHaveMoved: false }
    expect(readState(JSON.stringify(schema2()))).toMatchObject({
      schema: STATE_SCHEMA,
      leases: 4,
      ids: { run: 1, backfill: 1, outbox: 2, quarantine: 3, seen: 5, pending: 6 },
      live: { rows: { cursor: 9, slice: { id: "live:rows", pageToken: "next" } } },
      backfills: [{ id: "p1", kind: "initial", slices: [{ ...slice, pageToken: "page 2" }] }],
      backfillSpans: { Rows: [{ from: 1, to: 2 }] },
      others: [{ collections: { Rows: { accepted: 7 } }, incomplete: [{ collection: "Rows", reason: "short list" }] }],
      counts: { Rows: { accepted: 8 } },
    })
  })

  it("leaves no old name behind, and is the same when it is read again", () => {
    const state = readState(JSON.stringify(schema2()))
    expect(JSON.stringify(state)).not.toMatch(/"(passes|passSpans|grants|pass|open|token":"|untold|taken)"/)
    expect(readState(JSON.stringify(state))).toEqual(state)
  })

  it("a run of history is", () => {
    const run = { id: "run_1", collections: { Rows: { ...counts, taken: 7 } }, untold: [] }
    const expected = { id: "run_1", collections: { Rows: { ...counts, accepted: 7 } }, incomplete: [], failed: [] }
    expect(upgradeRun(run as never)).toEqual(expected)
    expect(renamedRun(expected as never)).toBe(expected)
  })

  it("a bookmark and an item are; those of now stay as they are", () => {
    const kept = { schema: 2, passes: [], passSpans: {}, open: [["hash", 1]], live: {} }
    const bookmark = renamedBookmark(kept as unknown as Bookmark)
    expect(bookmark).toEqual({ schema: 2, backfills: [], backfillSpans: {}, pending: [["hash", 1]], live: {} })
    expect(renamedBookmark({ ...bookmark, schema: 3 })).toEqual({ ...bookmark, schema: 3 })
    expect(renamedItem({ key: "k", place: 5 } as never)).toEqual({ key: "k", announcedAt: 5 })
  })
})
