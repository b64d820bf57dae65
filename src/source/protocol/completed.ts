/**
 * Records that took further calls to complete. They are told apart by id and time: a record may come again with something new. Two changes of
 * one second have one time, and a list may show the second late, so that records which change are told apart by what they hold, too.
 */
export interface Completed {
  id: string
  time: number
  /** Of the body, where the stream lists records that change. */
  digest?: string
}

/** As a task names them. */
export function completedKey({ id, time, digest }: Completed): string {
  return digest === undefined ? `${time} ${id}` : `${time} ${id} ${digest}`
}
