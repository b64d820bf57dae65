/** One call that tells whether the partner accepts a credential: the one by which it is checked when it is pasted. */
import type { AnyConnector } from "../connectors/kit/define.ts"
import type { ExchangePorts } from "../http/exchange.ts"
import { askPartner } from "../http/partner.ts"
import type { TryAnswer, TryAsk } from "../source/ports.ts"

export async function tryCredential(
  ports: ExchangePorts,
  connector: AnyConnector,
  { config, credential }: Pick<TryAsk, "config" | "credential">,
): Promise<TryAnswer> {
  const { kind } = await askPartner(ports, connector, config, connector.account.request(config), credential)
  // Who may not read the account is known to the partner all the same.
  if (kind === "ok" || kind === "denied") return "accepted"
  return kind === "auth" ? "refused" : "unknown"
}
