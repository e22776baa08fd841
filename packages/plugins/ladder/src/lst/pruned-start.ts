import { type Batch, type Module, type Parameter, type PluginContext, TapgradError } from '@tapgrad/core';
import { onesLike, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { Block, BlockStack } from '../base/block-stacks.ts';
import { followTrunk } from '../base/trunk.ts';
import { fisherInformation } from './importance.ts';
import type { CheckedLadderOptions } from './options.ts';
import { Probe } from './probe.ts';
import { type IndexSet, pruneBlock, pruneNorm, topIndices } from './pruning.ts';
import type { SideStack } from './side-stack.ts';

type Context = PluginContext<CheckedLadderOptions>;

/** Before the first update, fills the side blocks with the most important parts of the backbone's. */
export class PrunedStart {
  done = false;
  measuring = false;
  private readonly probe: Probe | undefined;

  /** @throws TapgradError LADDER_NOT_PRUNABLE */
  constructor(
    private readonly context: Context,
    private readonly side: readonly SideStack[],
  ) {
    for (const stack of side) checkPrunable(stack);
    const { head } = context.options;
    const last = side.at(-1) as SideStack;
    if (head !== 'upsample') {
      const at = { stack: side.length - 1, layer: last.plans.size - 1, width: last.width };
      this.probe = new Probe(at, head.classes);
      followTrunk(
        context,
        side.map(({ stack }) => stack),
        this.probe,
      );
    }
    context.hooks.batch.tap(async (batch, { mode }) => {
      if (mode === 'train' && !this.done) await this.run(batch);
    });
  }

  private async run(first: Batch): Promise<void> {
    const { context } = this;
    const { samples, samplesForFisher } = context.options;
    const names = this.side.flatMap((each) => measuredNames(context.model, each.stack, each.inputWidth));
    this.measuring = true;
    this.probe?.open(context.random('probe'));
    let importance = new Map<string, Tensor>();
    try {
      importance = await fisherInformation(context, [...new Set(names)], samples ?? [first], samplesForFisher);
      for (const each of this.side) tidy(() => pruneStack(context.model, each, importance));
      this.done = true;
    } finally {
      for (const each of importance.values()) each.dispose();
      this.probe?.close();
      this.measuring = false;
    }
  }
}

function checkPrunable({ plans, inputWidth, sideWidth, stack }: SideStack): void {
  const stubborn = [...plans].find(([, { beside }]) => !beside.pruning);
  if (!stubborn && inputWidth >= sideWidth) return;
  throw new TapgradError({
    code: 'LADDER_NOT_PRUNABLE',
    message: stubborn
      ? `block ${stack.blocks[stubborn[0]]?.path} does not say how its weights follow each other`
      : `the first block takes ${inputWidth} features, fewer than the side network's ${sideWidth}`,
    fix: "set init: 'random', or let the block's class implement `pruning` (Narrowable)",
  });
}

/** The model's matrices that decide: those of the blocks, and those that make what enters the first one. */
function measuredNames(model: Module<never, unknown>, stack: BlockStack, inputWidth: number): string[] {
  const matrices = [...model.namedParameters()].filter(([, { shape }]) => shape.length >= 2).map(([name]) => name);
  return matrices
    .filter((name) => stack.blocks.some(({ path }) => name.startsWith(`${path}.`)))
    .concat([...embeddings(model, stack, inputWidth).keys()]);
}

/** Parameters ahead of the first block whose last axis is the block's input: token table, positions, patches. */
function embeddings(model: Module<never, unknown>, stack: BlockStack, inputWidth: number): Map<string, Parameter> {
  const first = stack.blocks[0] as Block;
  const all = [...model.namedParameters()];
  const start = all.findIndex(([name]) => name.startsWith(`${first.path}.`));
  return new Map(all.slice(0, start).filter(([, { shape }]) => shape.length >= 2 && shape.at(-1) === inputWidth));
}

function pruneStack(model: Module<never, unknown>, side: SideStack, importance: ReadonlyMap<string, Tensor>): void {
  let kept: IndexSet = firstFeatures(model, side, importance);
  for (const [layer, { beside, block: to, kept: assign }] of side.plans) {
    const { path, module } = side.stack.blocks[layer] as Block;
    kept = pruneBlock(beside.pruning?.() ?? [], kept, {
      from: module.namedParameters(),
      to: to.namedParameters(),
      importance: (name) =>
        importance.get(`${path}.${name}`) ?? onesLike(module.namedParameters().get(name)?.variable as Tensor),
      assign,
    });
  }
  const norm = side.exit.norm && lastNorm(model, side);
  if (norm && side.exit.norm) pruneNorm(norm, side.exit.norm, kept);
}

/** The first index set: columns of largest importance of what enters the first block. */
function firstFeatures(
  model: Module<never, unknown>,
  { stack, inputWidth, sideWidth }: SideStack,
  importance: ReadonlyMap<string, Tensor>,
): number[] {
  const total = new Float64Array(inputWidth);
  for (const name of embeddings(model, stack, inputWidth).keys()) {
    const measured = importance.get(name);
    if (!measured) continue;
    const columns = tidy(() => sum(measured, [...measured.shape.keys()].slice(0, -1)).dataSync());
    columns.forEach((value, column) => {
      total[column] = (total[column] as number) + value;
    });
  }
  return topIndices(total, sideWidth);
}

/** The norm that the backbone runs behind its last block: a child of the blocks' holder of the same kind and width. */
function lastNorm(model: Module<never, unknown>, { stack, exit, width }: SideStack): Module | undefined {
  const kind = exit.norm?.constructor;
  const after = stack.blocks.at(-1)?.path;
  const modules = [...model.namedModules()];
  const start = modules.findIndex(([path]) => path === after);
  const found = modules.slice(start).find(([path, module]) => {
    const parent = path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : '';
    const weight = [...module.namedParameters().values()][0];
    return parent === stack.holder && module.constructor === kind && weight?.shape[0] === width;
  });
  return found?.[1] as Module | undefined;
}
