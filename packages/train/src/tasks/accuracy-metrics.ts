/**
 * Metrics of a matrix of accuracies `A[j][i]`, on task i after task j, over T tasks, as pure functions. What does not exist
 * (a mean over no task) is undefined.
 */
export type Accuracies = readonly (readonly number[])[];

/** Mean over the tasks after the last one. ACC of Lopez-Paz and Ranzato (2017); "Last" of Zheng et al. (2023). */
export function averageAccuracy(a: Accuracies): number | undefined {
  return mean(a.at(-1) ?? []);
}

/** How much learning later tasks changed earlier ones: mean over i < T−1 of A[T−1][i] − A[i][i] (Lopez-Paz and Ranzato 2017). */
export function backwardTransfer(a: Accuracies): number | undefined {
  return mean(earlier(a).map((i) => last(a, i) - at(a, i, i)));
}

/**
 * How much earlier tasks helped a task before it was learned: mean over i ≥ 1 of A[i−1][i] − b[i] (Lopez-Paz and Ranzato 2017).
 * @param baseline accuracy of the untrained model on each task
 */
export function forwardTransfer(a: Accuracies, baseline: readonly number[] | undefined): number | undefined {
  if (!baseline) return undefined;
  return mean(later(a).map((i) => at(a, i - 1, i) - (baseline[i] as number)));
}

/**
 * Mean over i < T−1 of the best accuracy between learning task i and the last task, less that after it: max over i ≤ l < T−1
 * of A[l][i], minus A[T−1][i] (Chaudhry et al. 2018). Negative where a task got better.
 */
export function forgettingOfChaudhry(a: Accuracies): number | undefined {
  return mean(earlier(a).map((i) => Math.max(...column(a, i).slice(i, -1)) - last(a, i)));
}

/** Accuracy right after learning a task, less that after the last: the negative of backward transfer, as Avalanche has it. */
export function forgettingOfAvalanche(a: Accuracies): number | undefined {
  return mean(earlier(a).map((i) => at(a, i, i) - last(a, i)));
}

/**
 * As Mammoth has it: the best is looked for in all rows, the last included, and counts as 0 before a task was learned.
 * It can therefore never be negative.
 */
export function forgettingOfMammoth(a: Accuracies): number | undefined {
  return mean(earlier(a).map((i) => Math.max(0, ...column(a, i).slice(i)) - last(a, i)));
}

/** Accuracy of a model that learned tasks 0 … k together, less A[k][k], for each k (Chaudhry et al. 2018). */
export function intransigence(a: Accuracies, joint: readonly number[]): number[] {
  return joint.slice(0, a.length).map((best, k) => best - at(a, k, k));
}

/** Kemker et al. (2018): how well the first task is kept, new ones are learned, and all that was seen is known. */
export interface KemkerOmegas {
  readonly base: number | undefined;
  readonly new: number | undefined;
  readonly all: number | undefined;
}

/**
 * Means over sessions j ≥ 1 of A[j][0] / ideal, of A[j][j], and of the mean over tasks i ≤ j of A[j][i] / ideal.
 * @param ideal accuracy of a model that learned everything at once
 */
export function kemkerOmegas(a: Accuracies, ideal: number): KemkerOmegas {
  const sessions = later(a);
  const seen = (j: number) => mean((a[j] as readonly number[]).slice(0, j + 1)) as number;
  return {
    base: mean(sessions.map((j) => at(a, j, 0) / ideal)),
    new: mean(sessions.map((j) => at(a, j, j))),
    all: mean(sessions.map((j) => seen(j) / ideal)),
  };
}

/** Mean over i ≥ 1 of the mean over j < i of A[j][i]: what is left for tasks that come later (Zheng et al. 2023, ZSCL). */
export function zeroShotTransfer(a: Accuracies): number | undefined {
  return mean(later(a).map((i) => mean(column(a, i).slice(0, i)) as number));
}

/** Mean of the whole matrix (Zheng et al. 2023, ZSCL). */
export function averageOfAll(a: Accuracies): number | undefined {
  return mean(a.flat());
}

export function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}

const at = (a: Accuracies, j: number, i: number) => a[j]?.[i] as number;
const last = (a: Accuracies, i: number) => at(a, a.length - 1, i);
const column = (a: Accuracies, i: number) => a.map((row) => row[i] as number);
/** Tasks before the last. */
const earlier = (a: Accuracies) => [...a.keys()].slice(0, -1);
/** Tasks after the first. */
const later = (a: Accuracies) => [...a.keys()].slice(1);
