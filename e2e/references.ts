import { float64References } from '../packages/testing/src/float64-references.ts';

type Numbers = readonly number[];

/** What every row of the op table gives in float64, in a form that can be sent to another program. */
export type References = Readonly<
  Record<string, readonly { values: readonly Numbers[]; gradients: readonly Numbers[] }[]>
>;

export async function references(): Promise<References> {
  const plain = (all: readonly ArrayLike<number>[]) => all.map((each) => Array.from(each));
  const rows = [...(await float64References())].map(([kernel, results]) => [
    kernel,
    results.map(({ values, gradients }) => ({ values: plain(values), gradients: plain(gradients) })),
  ]);
  return Object.fromEntries(rows);
}
