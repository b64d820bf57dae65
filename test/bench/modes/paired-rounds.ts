/** Product and bare loop in turn. */
import { type Bench, barePass, endSource, firstSync, type Measured, type Synced } from "../measure.ts"
import { setPace, UNPACED } from "../open.ts"

export interface Round {
  product: Synced
  bare: Measured
}

export interface Pair {
  title: string
  rounds: Round[]
}

/** A round before the first warms both up. */
export async function alternate(bench: Bench, rounds: number): Promise<Round[]> {
  await setPace(bench, UNPACED)
  const done: Round[] = []
  for (let round = 0; round <= rounds; round++) {
    console.log(round === 0 ? "warming up ..." : `round ${round} of ${rounds} ...`)
    const pair = await roundOf(bench, round)
    if (round > 0) done.push(pair)
  }
  return done
}

/** Whoever comes second finds the machine as the first has left it: they take turns at that too. */
async function roundOf(bench: Bench, round: number): Promise<Round> {
  const source = `src_round_${round}`
  const bareFirst = round % 2 === 0 ? await barePass(bench) : null
  const product = await firstSync(bench, source)
  await endSource(bench, source)
  return { product, bare: bareFirst ?? (await barePass(bench)) }
}
