/** What may be seen of a source. Most of it is what the API shows, so that its shapes are the API's (`api/views.ts`). */
import type { SourceStatus } from "../../api/enums.ts"
import type { LiveView, SourceError } from "../../api/views.ts"
import type { SourceRef } from "./configuration.ts"

export type { RunKind, RunState, SourceStatus } from "../../api/enums.ts"
export type { CollectionCounts, CollectionView, QuarantineEntry, RunView, SourceError } from "../../api/views.ts"

/** What the API shows, and what the API needs to know beside it. */
export interface SourceView extends LiveView {
  ref: SourceRef
  configVersion: number
  status: SourceStatus
  error: SourceError | null
  /** Ids of the vault keys that its secrets are sealed with. */
  keyIds: string[]
}
