import {
  type Batch,
  batchSize,
  copyOf,
  disposeBatch,
  type Optimizer,
  type Parameter,
  type PluginContext,
  TapgradError,
  type TaskTerms,
} from '@tapgrad/core';
import { clone, dispose, keep, mul, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { logitsOf } from '../base/logits.ts';
import type { ReplayMemory } from '../memory/replay-memory.ts';
import { logitMatching } from './math.ts';
import type { RefreshOptions } from './options.ts';
import { PlainSgd } from './plain-sgd.ts';

/** What passes through the model cost; one forward and one backward are those of one batch. */
export interface RefreshCost {
  readonly forwards: number;
  readonly backwards: number;
  readonly samples: number;
}

export interface PhaseResult extends RefreshCost {
  /** Loss of the first batch, before its update, and of the last. */
  readonly losses: readonly [number, number];
}

type Services = Pick<PluginContext<RefreshOptions>, 'model' | 'modules' | 'options' | 'random' | 'taskGradients'>;
type Assignable = { readonly variable: Tensor; assign(value: Tensor): void };

/**
 * Trains `parameters` alone on the memory, in training mode and with an optimizer of its own. All or nothing: if it fails,
 * parameters and statistics are as before.
 * @param number of this phase, which keys its draws
 */
export async function runPhase(
  services: Services,
  memory: ReplayMemory,
  parameters: ReadonlyMap<string, Parameter>,
  number: number,
): Promise<PhaseResult> {
  const { options } = services;
  const optimizer = options.optimizer?.() ?? new PlainSgd(options);
  const restoreModes = inTraining(services.model);
  const statistics = before(new Set(services.modules().flatMap((each) => [...each.namedBuffers().values()])), share);
  const parametersBefore = before(new Set(parameters.values()), (value) => keep(copyOf(value)));
  const losses = new FirstAndLast();
  let [batches, samples] = [0, 0];
  try {
    for (const batch of batchesOf(services, memory, number)) {
      try {
        samples += batchSize(batch);
        losses.see(update(services, optimizer, parameters, batch, batches++));
      } finally {
        disposeBatch(batch);
      }
      if (!options.updateStatistics) giveBack(statistics);
      if (batches % breath === 0) await losses.last();
    }
    return { forwards: batches, backwards: batches, samples, losses: await losses.both() };
  } catch (thrown) {
    giveBack(statistics);
    giveBack(parametersBefore);
    throw thrown;
  } finally {
    restoreModes();
    losses.dispose();
    optimizer.dispose();
    dispose([...statistics.values(), ...parametersBefore.values()]);
  }
}

/** Batches between which others may run, and the device's queue ends. */
const breath = 16;

/** One update; gives the loss. */
function update(
  { taskGradients, options: { alpha } }: Services,
  optimizer: Pick<Optimizer, 'step'>,
  parameters: ReadonlyMap<string, Parameter>,
  batch: Batch,
  pass: number,
): Tensor {
  const { terms, gradients } = taskGradients(batch, { parameters, pass, ...(alpha > 0 && { loss: matching(alpha) }) });
  const { task, ...others } = terms;
  try {
    tidy(() => optimizer.step(parameters, gradients));
    return task as Tensor;
  } catch (thrown) {
    task?.dispose();
    throw thrown;
  } finally {
    dispose([...gradients.values(), ...Object.values(others)]);
  }
}

function matching(alpha: number): TaskTerms {
  return (terms, { outputs, batch }) => {
    const { logits: kept, 'logits:mask': mask } = batch as { readonly [side: string]: Tensor | undefined };
    if (kept) return { ...terms, logits: mul(logitMatching(logitsOf(outputs), kept, mask), alpha) };
    throw new TapgradError({
      code: 'FPF_LOGITS',
      message: 'the samples of the memory have no logits to match',
      fix: 'let the memory be filled with this plugin attached, by a policy that keeps logits, or give alpha: 0',
    });
  };
}

function* batchesOf({ options, random }: Services, memory: ReplayMemory, number: number): Generator<Batch> {
  const { batchSize: size, length } = options;
  if ('epochs' in length) {
    for (let epoch = 0; epoch < length.epochs; epoch++) yield* memory.batches(size, random('phase', number, epoch));
    return;
  }
  const draws = random('phase', number);
  for (let step = 0; step < length.steps; step++) {
    const batch = memory.draw(size, draws);
    if (!batch) return;
    yield batch;
  }
}

/** Puts a model that is in evaluation mode in training mode; modules that are there within one that trains stay there. */
function inTraining(model: Services['model']): () => void {
  if (model.training) return () => undefined;
  const modes = [...model.namedModules().values()].map((each) => [each, each.training] as const);
  model.train();
  return () => {
    for (const [module, training] of modes) module.training = training;
  };
}

function before<S extends Assignable>(states: ReadonlySet<S>, copy: (value: Tensor) => Tensor): Map<S, Tensor> {
  return new Map([...states].map((state) => [state, copy(state.variable)]));
}

/** A statistic's buffer is replaced when it changes, so that a second handle keeps the value. */
function share(value: Tensor): Tensor {
  return keep(clone(value));
}

function giveBack(values: ReadonlyMap<Assignable, Tensor>): void {
  for (const [state, value] of values) state.assign(value);
}

/** The first and the last of many losses. */
class FirstAndLast {
  private readonly seen: Tensor[] = [];

  see(loss: Tensor): void {
    if (this.seen.length === 2) this.seen.pop()?.dispose();
    this.seen.push(loss);
  }

  async last(): Promise<number> {
    const [value = Number.NaN] = (await this.seen.at(-1)?.data()) ?? [];
    return value;
  }

  async both(): Promise<readonly [number, number]> {
    const [value = Number.NaN] = (await this.seen[0]?.data()) ?? [];
    return [value, await this.last()];
  }

  dispose(): void {
    dispose(this.seen);
  }
}
