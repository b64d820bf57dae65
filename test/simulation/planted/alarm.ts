/** Alarms, memory and commits. */
import type { Mutant } from "./mutant.ts"

export const ALARM: readonly Mutant[] = [
  {
    name: "the alarm is not in the commit",
    file: "source/engine/transactions.ts",
    from: "      alarm,\n      outbox: memory",
    to: "      alarm: alarm === null || state.trouble >= 0 ? null : alarm,\n      outbox: memory",
  },
  {
    name: "no alarm for wake-ups without an answer",
    file: "source/runs/plan.ts",
    from: "    ...Object.values(state.wakes).map((wake) => wake.deadline),\n",
    to: "",
  },
  {
    name: "no alarm for the end of a lease",
    file: "source/runs/plan.ts",
    from: "    ...slices.map((slice) => (slice.lease && !slice.lease.lapsed ? slice.lease.until : null)),\n",
    to: "",
  },
  {
    name: "memory survives a commit that failed",
    file: "source/engine/transactions.ts",
    from: "    } catch (error) {\n      this.#memory = null\n      throw error\n    }",
    to: "    } catch (error) {\n      throw error\n    }",
  },
  {
    name: "the schedule's time does not pass",
    file: "source/runs/plan.ts",
    from: "    state.nextRunAt = schedule(tx)\n    startLive",
    to: "    startLive",
  },
  {
    name: "a wake-up is sent with every tx",
    file: "source/runs/plan.ts",
    from: "  if (sent && sent.deadline > now) return false\n",
    to: "",
  },
  {
    name: "no alarm for the end of a claim",
    file: "source/runs/plan.ts",
    from: "    state.claim && tx.outbox.items > 0 ? state.claim.until + CLAIM_GRACE_MS : null,\n",
    to: "",
  },
  {
    name: "no alarm for rows that are held back",
    file: "source/runs/plan.ts",
    from: "    canRetry(tx) ? state.delivery.retryAt : null,\n",
    to: "",
  },
  {
    name: "no alarm for what is tried again",
    file: "source/runs/plan.ts",
    from: "    ...(mayRead(tx) ? slices.map((slice) => slice.notBefore) : []),\n",
    to: "",
  },
]
