/** Alarms, memory and commits. */
import type { Mutant } from "./mutant.ts"

export const ALARM: readonly Mutant[] = [
  {
    name: "the alarm is not in the commit",
    file: "source/machine.ts",
    from: "      alarm,\n      outbox: memory",
    to: "      alarm: alarm === null || state.trouble >= 0 ? null : alarm,\n      outbox: memory",
  },
  {
    name: "no alarm for wake-ups without an answer",
    file: "source/plan.ts",
    from: "    ...Object.values(state.wakes).map((wake) => wake.deadline),\n",
    to: "",
  },
  {
    name: "no alarm for the end of a lease",
    file: "source/plan.ts",
    from: "    ...slices.map((slice) => (slice.lease && !slice.lease.lapsed ? slice.lease.until : null)),\n",
    to: "",
  },
  {
    name: "memory survives a commit that failed",
    file: "source/machine.ts",
    from: "    } catch (error) {\n      this.#memory = null\n      throw error\n    }",
    to: "    } catch (error) {\n      throw error\n    }",
  },
]
