import type { Module, Parameter } from '@tapgrad/core';
import type { Block, BlockModule } from '@tapgrad/nn';
import { abs, addN, sum, type Tensor, type Tensor1D, tidy, zeros } from '@tensorflow/tfjs-core';
import { type IndexSet, pruneBlock, pruneNorm, topIndices } from './pruning.ts';
import type { SideStack } from './side-stack.ts';

/** Importance of a parameter by its name in the model, of its shape; undefined where none was measured. */
export type Importance = (name: string) => Tensor | undefined;

/** A part of the walk through the backbone: what must be measured for it, and what is then done. */
export interface PruningStage {
  readonly names: readonly string[];
  use(importance: Importance): void;
  /** Frees the features that the walk holds. May be called any number of times. */
  dispose(): void;
}

/** The walk in forward order, stack by stack: what enters the first block, then block after block, then the last norm. */
export function pruningStages(model: BlockModule, side: readonly SideStack[]): PruningStage[] {
  return side.flatMap((each) => stagesOf(model, each, embeddings(model, side, each.inputWidth)));
}

function stagesOf(model: BlockModule, side: SideStack, embedded: readonly string[]): PruningStage[] {
  let kept: IndexSet | undefined;
  const keep = (next?: IndexSet): void => {
    kept?.dispose();
    kept = next;
  };
  const entrance: PruningStage = {
    names: embedded,
    use: (importance) => keep(firstFeatures(side, embedded.map(importance))),
    dispose: keep,
  };
  const blocks = [...side.plans].map(([layer, { beside, block: to, kept: assign }]): PruningStage => {
    const { path, module } = side.stack.blocks[layer] as Block;
    const from = module.namedParameters();
    return {
      names: matrices(from).map(([name]) => `${path}.${name}`),
      use: (importance) => {
        const after = pruneBlock(beside.pruning?.() ?? [], kept as IndexSet, {
          from,
          to: to.namedParameters(),
          importance: (name) => importance(`${path}.${name}`),
          assign,
        });
        keep(after);
        const norm = side.exit.norm && lastNorm(model, side);
        if (layer === side.plans.size - 1 && norm) pruneNorm(norm, side.exit.norm as Module, after);
      },
      dispose: keep,
    };
  });
  return [entrance, ...blocks];
}

function matrices(parameters: ReadonlyMap<string, Parameter>): [string, Parameter][] {
  return [...parameters].filter(([, { shape }]) => shape.length >= 2);
}

/** Parameters ahead of the first block whose last axis is the block's input: token table, positions, patches. */
function embeddings(model: BlockModule, side: readonly SideStack[], inputWidth: number): string[] {
  const paths = side.flatMap(({ stack }) => stack.blocks.map(({ path }) => `${path}.`));
  const all = [...model.namedParameters()];
  const start = all.findIndex(([name]) => name.startsWith(paths[0] as string));
  return matrices(new Map(all.slice(0, start)))
    .filter(([, { shape }]) => shape.at(-1) === inputWidth)
    .map(([name]) => name);
}

/** The first index set: the columns of largest importance (L1) in what enters the first block. */
function firstFeatures({ inputWidth, sideWidth }: SideStack, importances: readonly (Tensor | undefined)[]): IndexSet {
  return tidy(() => {
    const columns = importances
      .filter((measured) => measured !== undefined)
      .map((measured) => sum(abs(measured), [...measured.shape.keys()].slice(0, -1)) as Tensor1D);
    return topIndices(addN([zeros([inputWidth]) as Tensor1D, ...columns]), sideWidth);
  });
}

/** The norm that the backbone runs behind its last block: a child of the blocks' holder of the same kind and width. */
function lastNorm(model: BlockModule, { stack, exit, width }: SideStack): BlockModule | undefined {
  const last = stack.blocks.at(-1) as Block;
  const modules = [...model.namedModules()];
  const after = modules.slice(modules.findIndex(([path]) => path === last.path));
  const found = after.find(([path, module]) => {
    const parent = path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : '';
    const [weight] = module.namedParameters().values();
    return parent === stack.holder && module.constructor === exit.norm?.constructor && weight?.shape[0] === width;
  });
  return found?.[1];
}
