/** Takes from `next` until it is undefined, with at most `width` pieces of work under way. `next` is asked before each piece. */
export async function inParallel<T>(
  width: number,
  next: () => T | undefined,
  work: (piece: T) => Promise<void>,
): Promise<void> {
  const worker = async () => {
    for (let piece = next(); piece !== undefined; piece = next()) await work(piece)
  }
  await Promise.all(Array.from({ length: width }, worker))
}
