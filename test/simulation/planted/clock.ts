/** Clocks: the partner's, ours, and the consumers'. */
import type { Mutant } from "./mutant.ts"

const SET_BACK = "Takes a partner's clock that is set back while it is read, and is dated by; tables show it."

export const CLOCK: readonly Mutant[] = [
  {
    name: "our clock dates what a page shows",
    file: "pipeline/page.ts",
    from: "const normalizing = normalizeContext(slice, followed, stamp.asked)",
    to: "const normalizing = normalizeContext(slice, followed, stamp.sentAt)",
  },
  {
    name: "a partner's clock that was set is never believed",
    file: "source/clocks/skew.ts",
    from: "  const settled = settledSkew(readings, clock.skewMs)",
    to: "  const settled = settledSkew([], clock.skewMs)",
  },
  {
    name: "a page counts as asked for to the millisecond, though what it shows is dated to the second",
    file: "http/partner.ts",
    from: "const asked = granularityMs * Math.floor((dated - elapsedMs) / granularityMs)",
    to: "const asked = dated - elapsedMs",
  },
  {
    name: "whatever Date an answer has is believed",
    file: "source/clocks/skew.ts",
    from: "if (deviationMs(reading, clock.skewMs) <= CLOCK_TOLERANCE_MS)",
    to: "if (deviationMs(reading, clock.skewMs) >= 0)",
  },
  {
    name: "a clock that is days off is believed once its answers agree",
    file: "source/clocks/skew.ts",
    from: "if (low > SKEW_MAX_MS || high < -SKEW_MAX_MS) return null",
    to: "if (low > 1e12 || high < -1e12) return null",
  },
  {
    name: "nothing is read again after the partner's clock went back",
    file: "source/clocks/answer-date.ts",
    from: 'const hasFallen = judged.kind === "moved" && judged.clock.skewMs < before.skewMs',
    to: "const hasFallen = false",
    survives: SET_BACK,
  },
  {
    name: "versions dated by a clock that was ahead stay the newest",
    file: "source/clocks/answer-date.ts",
    from: "  state.clock.tooLate = { limit, window: state.windows }\n",
    to: "",
    survives: SET_BACK,
  },
  {
    name: "a window under way keeps the bound that a wrong clock gave it",
    file: "source/clocks/answer-date.ts",
    from: "  if (slice?.bound != null) slice.bound = Math.min(slice.bound, limit)\n",
    to: "",
    survives: SET_BACK,
  },
  {
    name: "what we noted while our own clock was ahead stays",
    file: "source/engine/transactions.ts",
    from: "      bringBack(tx)\n      const outcome = decide(tx)\n      bringBack(tx)\n",
    to: "      const outcome = decide(tx)\n",
  },
  {
    name: "a run that began while our own clock was ahead never ends",
    file: "source/clocks/clock.ts",
    from: "    run.startedAt = Math.min(run.startedAt, now)\n",
    to: "",
  },
  {
    name: "a check of the credential that a clock ahead began lasts until that time comes",
    file: "source/clocks/clock.ts",
    from: "  if (state.checking) state.checking.since = Math.min(state.checking.since, now)\n",
    to: "",
  },
  {
    name: "a wait that a clock ahead began lasts for the longest time there is",
    file: "source/clocks/clock.ts",
    from: "if ((wait.since ?? now) > now) assign",
    to: "if ((wait.since ?? now) > now + 1e15) assign",
  },
  {
    name: "what was switched off while the cursor stood ahead is not read from where the others are",
    file: "source/clocks/answer-date.ts",
    from: "from: Math.min(off.from, limit)",
    to: "from: off.from",
    survives: "Hardly ever is a collection switched off in the hours in which a cursor stands ahead; a test shows it.",
  },
  {
    name: "what is noted after a clock was set back counts as dated by it",
    file: "source/clocks/answer-date.ts",
    from: "  for (const slice of slicesOf(state)) slice.no = ++state.windows\n",
    to: "",
  },
]
