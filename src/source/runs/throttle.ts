/** Sync now may be repeated only after a minute, exactly. */
export const SYNC_NOW_EVERY_MS = 60_000

/** Whole seconds until Sync now may be repeated; 0: it may. */
export function syncNowWaitSeconds(lastAt: number | null, now: number): number {
  if (lastAt === null) return 0
  const left = lastAt + SYNC_NOW_EVERY_MS - now
  // A clock that jumped back must not lock the button for longer than the minute itself.
  return left <= 0 ? 0 : Math.ceil(Math.min(left, SYNC_NOW_EVERY_MS) / 1000)
}
