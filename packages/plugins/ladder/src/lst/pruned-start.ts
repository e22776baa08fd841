import { isDataless, type PluginContext, TapgradError } from '@tapgrad/core';
import { followTrunk } from '../base/trunk.ts';
import { fisherInformation } from './importance.ts';
import type { CheckedLadderOptions } from './options.ts';
import { Probe } from './probe.ts';
import { type PruningStage, pruningStages } from './pruning-stages.ts';
import type { SideStack } from './side-stack.ts';

/** Before the first update, fills the side blocks with the most important parts of the backbone's. */
export class PrunedStart {
  done = false;
  /** True while the backbone runs by itself, so that its gradients can be measured. */
  measuring = false;
  private readonly probe: Probe | undefined;

  /** @throws TapgradError LADDER_NOT_PRUNABLE */
  constructor(
    private readonly context: PluginContext<CheckedLadderOptions>,
    private readonly side: readonly SideStack[],
  ) {
    for (const stack of side) checkPrunable(stack);
    if (isDataless()) {
      this.done = true;
      return;
    }
    if (context.options.importance === 'magnitude') {
      const parameters = context.parameters();
      const stages = this.stages();
      try {
        for (const { use } of stages) use((name) => parameters.get(name)?.variable);
      } finally {
        for (const stage of stages) stage.dispose();
      }
      this.done = true;
      return;
    }
    this.probe = this.addProbe();
    context.hooks.train.begin.tap(async () => {
      const { samples } = context.options;
      if (samples && !this.done) await this.measure(samples);
    });
    context.hooks.batch.tap(async (batch, { mode }) => {
      if (mode === 'train' && !this.done) await this.measure(context.options.samples ?? [batch]);
    });
  }

  private stages(): PruningStage[] {
    return pruningStages(this.context.model, this.side);
  }

  private addProbe(): Probe | undefined {
    const { context, side } = this;
    const { head } = context.options;
    if (head === 'upsample') return undefined;
    const last = side.at(-1) as SideStack;
    const at = { stack: side.length - 1, layer: last.plans.size - 1, width: last.width };
    const probe = new Probe(at, head.classes);
    followTrunk(
      context,
      side.map(({ stack }) => stack),
      probe,
    );
    return probe;
  }

  private async measure(samples: NonNullable<CheckedLadderOptions['samples']>): Promise<void> {
    const { context } = this;
    const { samplesForFisher, measure } = context.options;
    const stages = this.stages();
    this.measuring = true;
    this.probe?.open(context.random('probe'));
    try {
      for (const group of measure === 'block' ? stages.map((stage) => [stage]) : [stages]) {
        const names = [...new Set(group.flatMap((stage) => stage.names))];
        const batches = typeof samples === 'function' ? samples() : samples;
        const sums = await fisherInformation(context, names, batches, samplesForFisher);
        try {
          for (const { use } of group) use((name) => sums.get(name));
        } finally {
          for (const sum of sums.values()) sum.dispose();
        }
      }
      this.done = true;
    } finally {
      for (const stage of stages) stage.dispose();
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
