/** Partners at which nobody signs in. */
import { createGrants } from "../sandbox/oauth/grants.ts"
import { createWriter } from "../sandbox/store.ts"
import type { PartnerOAuth } from "./partner.ts"

export function nobodySignsIn(partner: string, clock: () => number): PartnerOAuth {
  const policy = { codeLifeS: 60, accessLifeS: 60, refreshLifeS: 60, retires: "used", revokesOnReuse: false } as const
  const grants = createGrants({
    partner,
    policy,
    clock,
    writer: createWriter(null),
    accessPrefix: "",
    refreshPrefix: "",
  } as never)
  const never = () => Promise.reject(new Error("nobody signs in at this partner"))
  return {
    client: { id: "", secrets: [""] },
    grants,
    isTokenCall: () => false,
    answer: never,
    signIn: never,
    takeAway: () => undefined,
    isInstalled: () => false,
  }
}
