import { useWasm } from '@tapgrad/backend-wasm';
import type { VisionTransformer } from '@tapgrad/nn';
import type { Report } from '../report.ts';
import { fashionScale, loadFashionMnist } from './data/fashion-mnist.ts';
import { imageBatches } from './data/image-batches.ts';
import { withClasses } from './data/image-set.ts';
import { splitImages } from './data/split.ts';
import { compare } from './experiment/compare.ts';
import type { ExperimentOptions } from './experiment/options.ts';
import { chosen } from './experiment/options.ts';
import { summarize } from './experiment/summary.ts';
import { fashionVitMethods } from './methods/fashion-vit.ts';
import { heldOutClasses, loadFashionVit } from './models/fashion-vit.ts';

const sizes = { train: 300, validation: 300, test: 1000 } as const;
const epochs = 10;
const batchSize = 32;
// The same images judge every seed; the seed draws those that are learnt from, and the new weights.
const testSeed = 20_170_825;

/** The pretrained vision transformer on the three classes it has never seen. */
export async function fashionVit(options: ExperimentOptions): Promise<Report> {
  const { train, test } = loadFashionMnist();
  const classes = heldOutClasses.length;
  await useWasm();
  const pool = withClasses(train, heldOutClasses);
  const [judged] = splitImages(withClasses(test, heldOutClasses), [sizes.test], testSeed) as [typeof test];
  const all = { batchSize: 250, scale: fashionScale };
  const rows = await compare<VisionTransformer>({
    methods: chosen(fashionVitMethods(classes), options.methods),
    seeds: options.seeds,
    epochs,
    build: (seed) => loadFashionVit(options.model, { classes, seed }),
    parts(seed) {
      const [learnt, validation] = splitImages(pool, [sizes.train, sizes.validation], seed) as [
        typeof pool,
        typeof pool,
      ];
      const batches = imageBatches(learnt, { batchSize, seed, scale: fashionScale });
      return {
        train: batches,
        fit: batches,
        validation: imageBatches(validation, all),
        test: imageBatches(judged, all),
      };
    },
  });
  return summarize({
    experiment: 'fashion-vit',
    about: `${pool.labels.join(', ')} of Fashion-MNIST by a vision transformer pretrained on the other seven classes: ${sizes.train} training images, ${epochs} epochs, ${sizes.test} test images`,
    seeds: options.seeds,
    rows,
    addTo: options.add ? options.out : undefined,
  });
}
