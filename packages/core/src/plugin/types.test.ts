import type { Tensor } from '@tensorflow/tfjs-core';
import { expectTypeOf, it } from 'vitest';
import {
  type Batch,
  definePlugin,
  type GradientMap,
  grad,
  type LossTerms,
  type PluginFactory,
  record,
  type StandardSchema,
  type Tape,
  valueAndGrad,
} from '../index.ts';

// Checked by the compiler alone: the bodies need no device and are never called.

it('options have the types of the schema: input outside, output inside', () => {
  const schema = {} as StandardSchema<{ bits?: number }, { bits: number }>;
  const define = () =>
    definePlugin({
      name: 'coder',
      options: schema,
      apply: ({ options }) => void expectTypeOf(options).toEqualTypeOf<{ bits: number }>(),
    });
  expectTypeOf(define).returns.toEqualTypeOf<PluginFactory<{ bits?: number }>>();
  expectTypeOf<Parameters<PluginFactory<{ bits?: number }>>[0]>().toEqualTypeOf<{ bits?: number } | undefined>();
});

it('hooks give each handler what its hook passes', () => {
  const define = () =>
    definePlugin({
      name: 'typed',
      apply({ hooks }) {
        hooks.tap('blocks.*:output').forward((value) => void expectTypeOf(value).toEqualTypeOf<Tensor>());
        hooks.tap(':input').forward<Tensor[]>((value) => void expectTypeOf(value).toEqualTypeOf<Tensor[]>());
        hooks.tap('head:weight').backward((gradient) => void expectTypeOf(gradient).toEqualTypeOf<Tensor>());
        hooks.batch.tap((batch) => void expectTypeOf(batch).toEqualTypeOf<Batch>());
        hooks.loss.tap((terms) => void expectTypeOf(terms).toEqualTypeOf<LossTerms>());
        hooks.gradients.step.tap((gradients) => void expectTypeOf(gradients).toEqualTypeOf<GradientMap>());
        // @ts-expect-error a loss hook returns terms, not a tensor
        hooks.loss.tap((terms) => terms.task);
        // @ts-expect-error a tap is synchronous
        hooks.tap('head').forward(async (value) => value);
        // @ts-expect-error there is no such hook
        hooks.forward.tap(() => {});
      },
    });
  expectTypeOf(define).toBeFunction();
});

it('gradients have the structure of the parameters', () => {
  const named = (w: Tensor) => valueAndGrad(() => w, { w }).gradients;
  expectTypeOf(named).returns.toEqualTypeOf<{ readonly w: Tensor }>();
  const listed = (w: Tensor) => grad(() => w, [w, w] as const);
  expectTypeOf(listed).returns.toEqualTypeOf<readonly [Tensor, Tensor]>();
  const taped = (w: Tensor) => record((tape) => void expectTypeOf(tape).toEqualTypeOf<Tape>(), { parameters: [w] });
  expectTypeOf(taped).toBeFunction();
});
