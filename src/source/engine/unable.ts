/**
 * What a source's Durable Object answers while it cannot work: the Worker's settings cannot be read, or the stored state is newer
 * than this code. Nothing is read and nothing is written: what is stored is gone on with once the cause is gone.
 */
import type { Refusal, SourceRpc } from "../protocol/source.ts"

/** Looked at again after this, by the alarm and by consumers. */
export const UNABLE_RETRY_MS = 300_000

/** `reason`: for operators and consumers' logs; users are told that it passes, and that nothing is lost. */
export function unable(reason: string, now: number): SourceRpc {
  const at = now + UNABLE_RETRY_MS
  const refused = async () => ({ ...REFUSAL, cause: reason })
  const later = async () => ({ kind: "later" as const, at, reason })
  return {
    configure: refused,
    view: refused,
    syncNow: refused,
    runs: refused,
    run: refused,
    resync: refused,
    quarantine: refused,
    replay: refused,
    discardEntries: refused,
    discard: refused,
    access: refused,
    erase: async () => ({ ok: false }),
    bookmarkKept: async () => undefined,
    sealed: async () => {
      throw new Error(reason)
    },
    reseal: async () => {
      throw new Error(reason)
    },
    lease: later,
    claim: later,
    checkpoint: async () => ({ kind: "stale" }),
    settle: async () => undefined,
    credential: async () => null,
    report: async () => ({ kind: "stop", reason }),
  }
}

const REFUSAL: Refusal = {
  ok: false,
  code: "unavailable",
  message:
    "This source cannot work at the moment, because of a mistake on our side. Nothing is lost: it goes on by itself once that is put right.",
}
