/** The parts of the API's answers that the demonstration shows. */
export interface Source {
  id: string
  name: string
  status: string
  account: { name: string; mode: string } | null
  error: { message: string; remedy: string } | null
  live: Live | null
}

export interface Live {
  nextRunAt: number | null
  current: Run[]
  lastRun: Run | null
  collections: {
    name: string
    accepted: number
    delivered: number
    waiting: number
    quarantined: number
    denied: string | null
  }[]
  delivery: { state: string; reason: string | null; waiting: number; maybeRepeated: number }
}

export interface Run {
  id: string
  kind: string
  trigger: string
  state: string
  reason: string | null
  calls: number
  records: number
  progress: number | null
  startedAt: number
  endedAt: number | null
  collections: Record<string, { accepted: number; dropped: number }>
  incomplete: { collection: string; reason: string }[]
  waits: { until: number; reason: string } | null
}

export interface Received {
  items: { name: string; userId?: string; timestamp: number; data?: Record<string, unknown> }[]
  total: number
}
