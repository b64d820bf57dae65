/** Feed records that took further calls to complete. They are told apart by id and time: a record may come again with something new. */
export interface Completed {
  id: string
  time: number
}

/** As a task names them. */
export function completedKey({ id, time }: Completed): string {
  return `${time} ${id}`
}
