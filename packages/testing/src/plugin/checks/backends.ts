import type { SaveRequest } from '@tapgrad/core';
import { sgd } from '@tapgrad/train';
import { engine, getBackend, ready, setBackend } from '@tensorflow/tfjs-core';
import { SwitchedOptimizer } from '../switched-optimizer.ts';
import { namesOf, trial } from '../trial.ts';
import { relativeDistance, type Values } from '../values.ts';
import { withoutLossyStages } from '../without-lossy-stages.ts';
import { fail, type Subject } from './check.ts';

/** Of the norm, in float32. Updates are proportional to gradients: Adam would blow rounding up to its learning rate. */
const tolerance = 1e-4;
/** Where values become codes: one that lies a rounding away from the edge of two may become the other. */
const toleranceOfCodes = 1e-3;
const learningRate = 0.05;

/** Registered backends beside the current one. On `meta` there are no values to compare. */
export function otherBackends(): string[] {
  return Object.keys(engine().registryFactory).filter((name) => name !== getBackend() && name !== 'meta');
}

/**
 * Gradients, losses and predictions on another backend are those of the current one, but for rounding. A node that keeps other values there
 * (attention with and without a map) makes something else of values that lost bits: with those of such nodes the declared bound holds,
 * and without them, in a second run, the same as for everybody.
 */
export async function checkBackend(subject: Subject, other: string): Promise<void> {
  const { gradients } = subject.spec;
  const lossy = typeof gradients === 'object' && 'lossy' in gradients;
  const strict = lossy ? toleranceOfCodes : tolerance;
  const [here, there] = [new Kept(), new Kept()];
  const first = await onBoth(subject, other, here.note, there.note);
  const unlike = new Set([...here.codedUnlike(there), ...there.codedUnlike(here)]);
  if (unlike.size === 0) return compare(subject, other, first, strict);
  compare(subject, other, first, lossy ? gradients.bound : strict);
  const strip: Strip = (request) => unlike.has(nodeOf(request));
  compare(subject, other, await onBoth(subject, other, strip, strip), strict);
}

/** Whether a value that is kept loses its lossy stages, if it has any. */
type Strip = (request: SaveRequest, lossy: boolean) => boolean;
type Figures = Readonly<Record<'gradients' | 'losses' | 'predictions', Values>>;

function nodeOf({ modulePath, kernel }: SaveRequest): string {
  return `${kernel} in ${modulePath}`;
}

/** What the nodes of a run keep. */
class Kept {
  /** Nodes by what they keep. */
  private readonly nodes = new Map<string, string>();
  private readonly coded = new Set<string>();

  readonly note: Strip = (request, lossy) => {
    const node = nodeOf(request);
    this.nodes.set(`${request.operand} of ${node}`, node);
    if (lossy) this.coded.add(node);
    return false;
  };

  /** Nodes with codes, here or there, that keep here what they do not keep there. */
  codedUnlike(there: Kept): string[] {
    const alone = [...this.nodes].filter(([value]) => !there.nodes.has(value));
    return alone.map(([, node]) => node).filter((node) => this.coded.has(node) || there.coded.has(node));
  }
}

/**
 * Figures on the current backend, and on the other.
 * @param here for the run on the current backend
 */
async function onBoth(subject: Subject, other: string, here: Strip, there: Strip): Promise<[Figures, Figures]> {
  const home = getBackend();
  const expected = await figures(subject, here);
  try {
    await setBackend(other);
    await ready();
    return [expected, await figures(subject, there)];
  } finally {
    await setBackend(home);
  }
}

function compare(subject: Subject, other: string, [expected, actual]: [Figures, Figures], bound: number): void {
  for (const what of ['gradients', 'losses', 'predictions'] as const) {
    const error = relativeDistance(actual[what], expected[what]);
    if (error <= bound) continue;
    fail('backends', subject, `${what} on ${other} differ from those on ${getBackend()} by ${error} of their norm`, {
      fix: 'compute with ops that both backends have, and let no result depend on which backend runs',
    });
  }
}

async function figures({ use }: Subject, strip: Strip): Promise<Figures> {
  const optimizer = new SwitchedOptimizer(sgd({ learningRate }));
  const plugins = [use.plugins()].flat();
  const all = [...plugins, withoutLossyStages(namesOf(plugins), strip)];
  return trial(use.on, { plugins: all, optimizer }, async ({ step, predict }) => {
    const gradients = await optimizer.collect(() => step(0));
    const losses: number[] = [];
    for (let index = 0; index < 3; index++) losses.push(await step(index));
    return { gradients, losses: new Map([['loss', losses]]), predictions: await predict(0) };
  });
}
