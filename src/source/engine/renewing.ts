/** Renewing the access token: the partner's token endpoint is asked between two transactions, and by one caller at a time. */

import { refreshAnswered } from "../credentials/token.ts"
import type { TokenNeed } from "../credentials/token-need.ts"
import type { SourcePorts, TokenAsk } from "../ports.ts"
import { type Transactions, value } from "./transactions.ts"

export class Renewing {
  readonly #ports: Pick<SourcePorts, "tokens" | "log">
  readonly #transactions: Transactions
  /** The refresh that this instance is asking for. */
  #underWay: Promise<void> | null = null

  constructor(ports: Pick<SourcePorts, "tokens" | "log">, transactions: Transactions) {
    this.#ports = ports
    this.#transactions = transactions
  }

  /**
   * Sees a refresh through, or waits for the one under way. Null: the token is as it is now, look again. A time: until then
   * somebody else is at it, an instance before this one.
   */
  async renew(due: Exclude<TokenNeed, { kind: "none" }>): Promise<number | null> {
    if (due.kind === "refresh") {
      const mine = this.#refresh(due.intent, due.ask)
      this.#underWay = mine
      await mine.finally(() => {
        if (this.#underWay === mine) this.#underWay = null
      })
      return null
    }
    if (!this.#underWay) return due.until
    await this.#underWay
    return null
  }

  async #refresh(intent: string, ask: TokenAsk): Promise<void> {
    const answer = await this.#ports.tokens.refresh(ask)
    const { log } = this.#ports
    log("token.refresh", { source: ask.ref.source, answer: answer.kind })
    const since = this.#transactions.peek()?.operatorWait?.since
    await this.#transactions.act<void>(undefined, (tx) => {
      refreshAnswered(tx, intent, answer)
      return value(undefined)
    })
    const wait = this.#transactions.peek()?.operatorWait
    // Once, when it begins: the tries that follow say the same.
    if (wait && wait.since !== since) {
      const { connector, ref } = ask
      log("operator.alert", { connector, org: ref.org, project: ref.project, source: ref.source, reason: wait.reason })
    }
  }
}
