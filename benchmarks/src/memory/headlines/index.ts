import { mobileTl } from '@tapgrad/activation-compression';
import { plan } from '@tapgrad/backend-meta';
import { adamw } from '@tapgrad/train';
import type { MemoryRow } from '../rows.ts';
import type { HeadlineCase } from './case.ts';
import { mobileNet } from './mobile-net.ts';
import { resnet32, resnet101 } from './residual-network.ts';
import { blockElements, geluShare, queryGrowth } from './shares.ts';
import { t5 } from './t5.ts';
import { visionTransformer } from './vision-transformer.ts';

const cases: readonly HeadlineCase[] = [t5, visionTransformer, resnet32, resnet101, mobileNet];

/** One training step of each method with AdamW, at the shapes of the papers, planned on shapes alone. */
export async function headlineRows(): Promise<MemoryRow[]> {
  const rows: MemoryRow[] = [];
  for (const each of cases) rows.push(...(await rowsOf(each)));
  return rows;
}

async function rowsOf({ shape, model: make, batch, loss, methods }: HeadlineCase): Promise<MemoryRow[]> {
  const rows: MemoryRow[] = [];
  for (const [method, pluginsFor] of Object.entries(methods)) {
    const model = make();
    const optimizer = () => adamw({ learningRate: 1e-3 });
    const options = { optimizer, ...(loss && { loss }) };
    const { peak, savedBytes, trainableParameters } = await plan(model, pluginsFor(model), batch, options);
    model.dispose();
    const full = rows[0] ?? { peakBytes: peak.bytes, savedBytes };
    rows.push({
      method,
      shape,
      backend: 'meta',
      peakRatio: peak.bytes / full.peakBytes,
      savedRatio: savedBytes / full.savedBytes,
      stepTimeRatio: null,
      trainableParameters,
      peakBytes: peak.bytes,
      savedBytes,
    });
  }
  return rows;
}

/** The papers' headlines, as ratios of planned bytes. */
export async function headlineFigures(rows: readonly MemoryRow[]): Promise<Record<string, number>> {
  const row = (method: string) => {
    const found = rows.find((each) => each.method.startsWith(method));
    if (!found) throw new Error(`no row of ${method}`);
    return found;
  };
  const ratio = (method: string) => row(method).peakRatio;
  return {
    ladder: ratio('ladder'),
    ladderOfLora: row('ladder').peakBytes / row('LoRA').peakBytes,
    s2a: ratio('S2A'),
    manTwoParts: ratio('MAN, K = 2, 2 blocks run again'),
    manSixteenParts: ratio('MAN, K = 16'),
    mobileTlBlock: (await blockElements((train) => [mobileTl({ train })])) / (await blockElements(() => [])),
    geluCodes: await geluShare(),
    queryGrowth: await queryGrowth(),
  };
}

/** Upper bounds of them. `mobileTlBlock`: an inverted residual's 14.375 C of 26 C. `queryGrowth`: four times the tokens; what grows with their square would come to 16. */
export const headlineTargets = {
  ladder: 0.31,
  ladderOfLora: 0.45,
  s2a: 0.25,
  manTwoParts: 0.55,
  manSixteenParts: 0.4,
  mobileTlBlock: 14.375 / 26,
  geluCodes: 1 / 8,
  queryGrowth: 4,
} as const;
