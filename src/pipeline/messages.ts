/** A wake-up names a source and nothing that matters: losing, doubling, delaying or reordering it costs time, never data. */
import { z } from "zod"

export const wakeUp = z.object({
  /** The name of the source's Durable Object (`objectName`). */
  source: z.string().min(1),
})

export type WakeUp = z.infer<typeof wakeUp>
