import { derivativeCodes } from '@tapgrad/activation-compression';
import { plan } from '@tapgrad/backend-meta';
import { Module, type Plugin, randomStream } from '@tapgrad/core';
import { chain, InvertedResidual, Linear, VisionTransformer, visionTransformerPresets } from '@tapgrad/nn';
import { queryTokens } from '@tapgrad/query-tokens';
import { mean, type Tensor } from '@tensorflow/tfjs-core';

type Plugins = readonly (Plugin | readonly Plugin[])[];

/** Bytes that the tape keeps, all slots told: what is derived from others counts as kept. */
async function kept(model: Module<never, Tensor>, plugins: Plugins, inputs: number[]): Promise<number> {
  const batch = { inputs: { shape: inputs }, targets: { shape: [inputs[0] as number], dtype: 'int32' as const } };
  const { savedBytes } = await plan(model, plugins, batch, { derivedSlots: false });
  model.dispose();
  return savedBytes;
}

const channels = 32;

class Blocks extends Module {
  readonly blocks: readonly InvertedResidual[];
  readonly classifier = new Linear(channels, 10);

  constructor(count: number) {
    super();
    const random = randomStream(0, 'blocks');
    const sizes = { inChannels: channels, outChannels: channels, stride: 1, expansion: 6 } as const;
    const make = () => new InvertedResidual({ ...sizes, padding: 1, epsilon: 1e-5, random });
    this.blocks = Array.from({ length: count }, make);
  }

  override forward(images: Tensor): Tensor {
    return this.classifier.call(mean(chain(this.blocks, images), [1, 2]));
  }
}

/** Elements an inverted residual keeps for a pixel, in units of its channels: what three blocks keep beyond two. */
export async function blockElements(pluginsFor: (blocks: number) => Plugins): Promise<number> {
  // Large, so that the norms' statistics, a few numbers a channel, do not show.
  const [batch, side] = [8, 56];
  const of = (count: number) => kept(new Blocks(count), pluginsFor(count), [batch, side, side, channels]);
  return ((await of(3)) - (await of(2))) / (4 * batch * side * side * channels);
}

function encoder(imageSize: number): VisionTransformer {
  return new VisionTransformer({ ...visionTransformerPresets['vit-ti/16'], imageSize, classes: 10 });
}

/** Part of GELU's share of what is kept that derivative codes of 4 bits leave. */
export async function geluShare(): Promise<number> {
  const inputs = [8, 224, 224, 3];
  const { width, layers } = visionTransformerPresets['vit-ti/16'];
  const share = 4 * 8 * 197 * 4 * width * layers;
  const saved =
    (await kept(encoder(224), [], inputs)) - (await kept(encoder(224), [derivativeCodes({ bits: 4 })], inputs));
  return 1 - saved / share;
}

/** How much more is kept of query tokens when patches become four times as many (twice the image's side). */
export async function queryGrowth(): Promise<number> {
  const at = (side: number, count: number) =>
    kept(encoder(side), [queryTokens({ count, head: { classes: 10 } })], [8, side, side, 3]);
  return (await at(448, 10)) / (await at(224, 10));
}
