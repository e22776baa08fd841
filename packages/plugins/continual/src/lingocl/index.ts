import { definePlugin, type LifeCycleContext, Parameter, TapgradError, type Task } from '@tapgrad/core';
import { Linear } from '@tapgrad/nn';
import { concat, scalar } from '@tensorflow/tfjs-core';
import { arrivingClasses } from '../base/arrival.ts';
import { findHead, headsBefore, withoutHeads } from '../base/head.ts';
import { replaceHead } from '../base/replace-head.ts';
import { unitRows } from '../base/unit-rows.ts';
import { type CheckedLingoCLOptions, type LingoCLOptions, lingoCLOptions } from './options.ts';
import { Targets, type TargetsShape } from './targets.ts';

/**
 * LingoCL (Ni et al. 2024, arXiv:2403.16124): the head's rows are vectors of the class names, frozen, so that what a class
 * is trained towards is the same before, during and after every task. Logits are `cos(f, t_c) / τ`, `[batch, classes]`.
 *
 * When a task begins, the rows of its classes that are new are appended: their names are `task.classNames`. Before the
 * first task the model gives what it gives by itself. If features and vectors differ in width, one linear map trains between
 * them. The model's own head stays as it is.
 * @throws TapgradError at attach: CLASS_VECTORS_INVALID, HEAD_UNKNOWN, HEAD_MISSING, HEAD_AMBIGUOUS, HEAD_TAKEN; at the
 * beginning of a task: CLASS_NAMES_MISSING, CLASS_NAME_UNKNOWN, CLASS_VECTORS_INVALID, HEAD_CLASSES; there and at its
 * end: TARGETS_CHANGED; in forward: OUTPUT_KIND
 */
export const lingoCL = definePlugin<LingoCLOptions, CheckedLingoCLOptions>({
  name: 'lingocl',
  version: '0.0.0',
  after: headsBefore,
  conflicts: withoutHeads,
  reads: ['output:model'],
  writes: ['head:model'],
  options: lingoCLOptions,
  apply(context) {
    const { options, hooks, addModule, addParameter, remove, random } = context;
    const head = findHead(context, options.head);
    const parts: Targets[] = [];
    let map: Linear | undefined;
    const first = 1 / options.temperature;
    const scale = options.learnScale ? addParameter('scale', new Parameter(scalar(first))) : undefined;
    const add = (targets: Targets) => {
      if (!map && targets.shape.width !== head.width) {
        map = addModule('map', new Linear(head.width, targets.shape.width, { bias: false, random: random('map') }));
      }
      parts.push(addModule(`targets.${parts.length}`, targets));
    };
    const shrinkTo = (count: number) => {
      while (parts.length > count) {
        parts.pop();
        remove(`targets.${parts.length}`);
      }
      if (parts.length > 0 || !map) return;
      map = undefined;
      remove('map');
    };
    replaceHead(context, head, undefined, (features) => {
      if (parts.length === 0) return undefined;
      const directions = unitRows(map ? map.call(features) : features);
      const logits = parts.map((part) => part.call(directions, scale?.read() ?? first));
      return logits.length > 1 ? concat(logits, -1) : logits[0];
    });
    const check = async () => {
      for (const part of parts) await part.check();
    };
    hooks.task.begin.tap(async ({ task, resumed }: LifeCycleContext) => {
      // The state that is loaded next says which rows there are.
      if (!task || resumed === true) return;
      await check();
      const columns = parts.reduce((sum, { shape }) => sum + shape.counts.length, 0);
      const arriving = arrivingClasses(task, columns);
      if (arriving.length === 0) return;
      const vectors = await Promise.all(arriving.map(async (label) => options.vectors(nameOf(label, task))));
      add(Targets.of(vectors, widthOf(vectors.flat(), parts[0]?.shape.width, task)));
    });
    hooks.task.end.tap(check);
    return {
      saveState: () => ({ json: parts.map(({ shape }) => shape) }),
      reshape(json) {
        const shapes = json as readonly TargetsShape[];
        const differing = parts.findIndex(({ shape }, part) => shape.hash !== shapes[part]?.hash);
        if (differing >= 0) shrinkTo(differing);
        for (const shape of shapes.slice(parts.length)) add(new Targets(shape));
      },
    };
  },
});

function nameOf(label: number, { name, classes, classNames }: Task): string {
  const found = classNames?.[classes.indexOf(label)];
  if (found !== undefined) return found;
  throw new TapgradError({
    code: 'CLASS_NAMES_MISSING',
    message: `task ${name} does not say what its class ${label} is called`,
    fix: 'give the task `classNames`, in the order of `classes`',
  });
}

function widthOf(
  vectors: readonly (readonly number[])[],
  expected: number | undefined,
  { name }: Pick<Task, 'name'>,
): number {
  const widths = new Set([...(expected === undefined ? [] : [expected]), ...vectors.map(({ length }) => length)]);
  const [width = 0] = widths;
  if (widths.size === 1) return width;
  throw new TapgradError({
    code: 'CLASS_VECTORS_INVALID',
    message: `in task ${name} class vectors have widths ${[...widths].join(', ')}`,
    fix: 'let one encoder make all of them',
  });
}
