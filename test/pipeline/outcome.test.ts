import { expect, it } from "vitest"
import { meaningOf } from "../../src/http/partner.ts"
import { LIMITED_WAIT_MS, outcomeOf } from "../../src/pipeline/outcome.ts"
import { acme } from "../support/acme.ts"

const situation = { now: 1_000_000, random: 0, collections: ["Orders"], credentialVersion: 1 }

it.each([["stream"], ["bucket"], ["source"], [undefined]] as const)(
  "what a limit holds up goes on as said: %s",
  (scope) => {
    const connector = {
      ...acme,
      meaning: () => ({ kind: "limited" as const, retryAfterMs: null, ...(scope && { scope }) }),
    }
    const body = { kind: "whole" as const, text: "{}" }
    const answered = { kind: "answered" as const, status: 429, headers: new Headers(), sentAt: 0, elapsedMs: 0, body }
    const result = meaningOf(connector, answered)
    if (result.kind === "ok") throw new Error("taken for an answer")
    const until = situation.now + LIMITED_WAIT_MS
    expect(outcomeOf(result, situation)).toEqual({
      kind: "defer",
      until,
      reason: "Acme asks to wait.",
      ...(scope && { scope }),
    })
  },
)
