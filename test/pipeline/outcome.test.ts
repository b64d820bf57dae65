import { expect, it } from "vitest"
import { limited } from "../../src/connectors/kit/failure.ts"
import { resultOf } from "../../src/http/partner.ts"
import { LIMITED_WAIT_MS, outcomeOfFailure } from "../../src/pipeline/outcome.ts"
import { acme } from "../support/partners/acme.ts"

const situation = { now: 1_000_000, random: 0, collections: ["Orders"], credentialVersion: 1 }

it.each([["stream"], ["bucket"], ["source"], [undefined]] as const)(
  "what a limit holds up goes on as said: %s",
  (scope) => {
    const connector = {
      ...acme,
      classify: () => limited("Acme", null, scope),
    }
    const body = { kind: "whole" as const, text: "{}" }
    const answered = { kind: "answered" as const, status: 429, headers: new Headers(), sentAt: 0, elapsedMs: 0, body }
    const result = resultOf(connector, { kind: "key", value: "key_secret" }, answered)
    if (result.kind === "ok") throw new Error("taken for an answer")
    const until = situation.now + LIMITED_WAIT_MS
    expect(outcomeOfFailure(result, situation)).toEqual({
      kind: "limited",
      until,
      reason: "Acme asks us to wait before the next call.",
      ...(scope && { scope }),
    })
  },
)
