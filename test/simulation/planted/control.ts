/** What the user asks for, and the credential. */
import type { Mutant } from "./mutant.ts"

export const CONTROL: readonly Mutant[] = [
  {
    name: "Sync now ignores the run under way",
    file: "source/control/commands.ts",
    from: '  if (state.run)\n    return { ok: false, code: "run_in_progress"',
    to: '  if (state.run && now < 0)\n    return { ok: false, code: "run_in_progress"',
  },
  {
    name: "Sync now may be repeated at once",
    file: "source/control/commands.ts",
    from: "  if (retryAfterSeconds > 0) {",
    to: "  if (retryAfterSeconds > 1e9) {",
  },
  {
    name: "slices are read on while a refused key is checked",
    file: "source/credentials/checking.ts",
    from: "if (now < confirmAt(checking)) return confirmAt(checking)",
    to: "if (now < confirmAt(checking)) return null",
  },
  {
    name: "a new key does not end the error",
    file: "source/control/commands.ts",
    from: "assign(state, { error: null, denied: {}, waits: {}, checking: null, triedAt: null })",
    to: "assign(state, { denied: {}, waits: {}, checking: null, triedAt: null })",
  },
  {
    name: "an older configuration takes effect",
    file: "source/control/commands.ts",
    from: "if (next.version <= last.version) return",
    to: "if (next.version < 0) return",
  },
  {
    name: "what a configuration newly wants is not read",
    file: "source/control/commands.ts",
    from: '  openMissing(tx, opened ? "collection" : "earlier")\n',
    to: "  void opened\n",
  },
  {
    name: "a window goes on without the collection that was switched on",
    file: "source/control/commands.ts",
    from: "if (added.some((name) => stream.collections.includes(name))) restartWindow(tx, live)",
    to: 'if (added.includes("")) restartWindow(tx, live)',
  },
  {
    name: "what was completed for other collections is passed over",
    file: "source/control/commands.ts",
    from: "    if (added.length > 0) live.completed = []\n",
    to: "",
  },
  {
    name: "a run is over before its items are delivered",
    file: "source/runs/run.ts",
    from: 'if (run.state !== "delivering" || tx.outbox.hasRun(run.id)) continue',
    to: 'if (run.state !== "delivering") continue',
  },
  {
    name: "a run whose reading is over goes on blocking",
    file: "source/runs/run.ts",
    from: "  if (tx.state.run === run) tx.state.run = null\n",
    to: "",
  },
]
