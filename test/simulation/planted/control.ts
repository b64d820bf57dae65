/** What the user asks for, and the credential. */
import type { Mutant } from "./mutant.ts"

export const CONTROL: readonly Mutant[] = [
  {
    name: "Sync now ignores the run under way",
    file: "source/control.ts",
    from: '  if (state.run)\n    return { ok: false, code: "run_in_progress"',
    to: '  if (state.run && now < 0)\n    return { ok: false, code: "run_in_progress"',
  },
  {
    name: "Sync now may be repeated at once",
    file: "source/control.ts",
    from: "  if (retryAfterSeconds > 0) {",
    to: "  if (retryAfterSeconds > 1e9) {",
  },
  {
    name: "a rejected key does not stop the other slices",
    file: "source/failure.ts",
    from: "if (credentialVersion === credentialVersionOf(turn.state)) failAuth(turn, reason)",
    to: "if (credentialVersion !== credentialVersionOf(turn.state)) failAuth(turn, reason)",
  },
  {
    name: "a new key does not end the error",
    file: "source/control.ts",
    from: "Object.assign(state, { error: null, denied: {}, waits: {} })",
    to: "Object.assign(state, { denied: {}, waits: {} })",
  },
]
