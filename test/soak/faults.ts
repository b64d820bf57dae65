/**
 * What goes wrong during a soak: some of these at a time, each for a share of the requests. Not among them: `equal_timestamps`, which
 * dates a change before answers that were given earlier and did not show it, as no real clock does. Equal seconds come by themselves:
 * several things happen to an account at once.
 */
export const FAULTS_AT_ONCE = 4

interface Mixed {
  name: string
  probability: number
  path?: string
  options?: Record<string, number>
}

export const FAULT_MIX: readonly Mixed[] = [
  { name: "rate_limit", probability: 0.2 },
  { name: "rate_limit_bare", probability: 0.2 },
  { name: "server_error", probability: 0.2 },
  { name: "hang", probability: 0.03, options: { seconds: 40 } },
  { name: "slow", probability: 0.1, options: { seconds: 5 } },
  { name: "truncated_body", probability: 0.1 },
  { name: "not_json", probability: 0.1 },
  { name: "reset", probability: 0.1 },
  { name: "reset_body", probability: 0.1 },
  { name: "redirect", probability: 0.05, path: "/v1/" },
  { name: "expired_token", probability: 0.1 },
  { name: "slow_visibility", probability: 1, options: { seconds: 60 } },
  { name: "transient_400", probability: 0.2 },
  { name: "timeout_after_accept", probability: 0.05 },
  { name: "no_credits", probability: 0.05 },
]
