import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { scoped } from '../engine-seam.ts';
import { at } from '../tape/where.ts';
import { BufferTensor, Parameter } from './parameter.ts';
import { pathMatcher } from './pattern.ts';
import { runAgainInBackward } from './recompute.ts';
import { loadInto } from './state.ts';
import type { TapRegistry } from './taps.ts';

/**
 * A part of a model. Its children, parameters and buffers are its properties (or arrays of them), and their names make
 * the paths: `this.layers = [new Block()]` gives `layers.0`. Implement `forward`; use `call`.
 */
export abstract class Module<In extends readonly unknown[] = [Tensor], Out = Tensor> {
  training = true;
  /**
   * Keep the inputs alone and run `forward` again in backward, with the same random draws (`checkpoint`). What it gives must be
   * one tensor. The gradients are the same, up to the order of sums.
   */
  recomputed = false;
  /** Where this module is in its model, for example `blocks.3.attention`; '' for the model itself. */
  path = '';
  /** Plugin that added this module, if one did. */
  owner: string | undefined;
  /** Taps of the stack that the model is attached to. */
  taps: TapRegistry | undefined;
  private named = false;

  /** Computes the output. Must be synchronous, and must read parameters through `read()`. */
  abstract forward(...inputs: In): Out;

  /** Runs `forward` between the tap points `input` and `output`; what it made and did not return is disposed. */
  call(...inputs: In): Out {
    if (!this.named) namePaths(this, this.path, this.owner, this.taps);
    const taps = this.taps;
    return at({ modulePath: this.path, owner: this.owner }, () =>
      scoped(() => {
        if (!taps || taps.empty) return this.run(...inputs);
        const single = inputs.length === 1;
        const passed = taps.pass<unknown>(single ? inputs[0] : inputs, this.path, 'input', this.training);
        const output = this.run(...((single ? [passed] : passed) as unknown as In));
        return taps.pass(output, this.path, 'output', this.training);
      }),
    );
  }

  private run(...inputs: In): Out {
    return this.recomputed ? runAgainInBackward(this, inputs) : this.forward(...inputs);
  }

  /** Lets a value inside `forward` pass the tap point `point` of this module. */
  protected tap<T>(point: string, value: T): T {
    return this.taps && !this.taps.empty ? this.taps.pass(value, this.path, point, this.training) : value;
  }

  /** Whether a plugin looks at this point. */
  protected tapped(point: string): boolean {
    return this.taps?.has(this.path, point) ?? false;
  }

  /** Names of the inner tap points that this module offers beside `input`, `output` and its parameters. */
  innerPoints(): readonly string[] {
    return [];
  }

  /** Modules directly inside this one, with the names under which they hang. */
  children(): [name: string, child: Module<never, unknown>][] {
    return entriesOf(this, isModule);
  }

  /** This module and all inside it, by path. */
  namedModules(prefix = ''): Map<string, Module<never, unknown>> {
    const found = new Map<string, Module<never, unknown>>([[prefix, this as Module<never, unknown>]]);
    for (const [name, child] of this.children()) {
      for (const [path, module] of child.namedModules(joined(prefix, name))) found.set(path, module);
    }
    return found;
  }

  /** All parameters by name, for example `layers.0.mlp.up.weight`. A shared parameter appears once, under its first name. */
  namedParameters(): Map<string, Parameter> {
    return this.collect((each) => each instanceof Parameter);
  }

  namedBuffers(): Map<string, BufferTensor> {
    return this.collect((each) => each instanceof BufferTensor);
  }

  private collect<S extends object>(is: (each: unknown) => each is S): Map<string, S> {
    const found = new Map<string, S>();
    const seen = new Set<S>();
    for (const [path, module] of this.namedModules()) {
      for (const [name, each] of entriesOf(module, is)) {
        if (!seen.has(each)) found.set(joined(path, name), each);
        seen.add(each);
      }
    }
    return found;
  }

  /** Number of elements in all parameters, or in those that train. */
  parameterCount({ trainable = false }: { trainable?: boolean } = {}): number {
    let count = 0;
    for (const parameter of this.namedParameters().values())
      if (!trainable || parameter.trainable) count += parameter.size;
    return count;
  }

  train(mode = true): this {
    for (const module of this.namedModules().values()) module.training = mode;
    return this;
  }

  eval(): this {
    return this.train(false);
  }

  /** Stops parameters whose name matches from training. */
  freeze(pattern = '**'): this {
    return this.setTrainable(pattern, false);
  }

  unfreeze(pattern = '**'): this {
    return this.setTrainable(pattern, true);
  }

  private setTrainable(pattern: string, trainable: boolean): this {
    const matches = pathMatcher(pattern);
    for (const [name, parameter] of this.namedParameters()) if (matches(name)) parameter.trainable = trainable;
    return this;
  }

  /** Parameters and buffers by name: the live variables, not copies. */
  state(): Map<string, Variable> {
    return new Map([...this.namedParameters(), ...this.namedBuffers()].map(([name, each]) => [name, each.variable]));
  }

  /**
   * Assigns parameters and buffers by name. All names and shapes are checked before anything is assigned.
   * @param strict refuse missing and unexpected names; default true
   * @throws TapgradError STATE_MISMATCH
   */
  loadState(state: ReadonlyMap<string, Tensor>, { strict = true }: { strict?: boolean } = {}): void {
    loadInto(new Map([...this.namedParameters(), ...this.namedBuffers()]), state, strict);
  }

  dispose(): void {
    for (const each of this.namedParameters().values()) each.dispose();
    for (const each of this.namedBuffers().values()) each.dispose();
  }

  /** @internal */
  setNamed(): void {
    this.named = true;
  }
}

/** Tells a model's modules their paths, owner and taps, and lets their parameters pass tap points. */
export function namePaths(
  root: Module<never, unknown>,
  prefix: string,
  owner: string | undefined,
  taps: TapRegistry | undefined,
): void {
  for (const [path, module] of root.namedModules(prefix)) {
    module.path = path;
    module.owner = owner ?? module.owner;
    module.taps = taps;
    module.setNamed();
    for (const [name, state] of entriesOf(module, isState)) {
      state.onRead = taps && ((value) => (taps.empty ? value : taps.pass(value, path, name, module.training)));
    }
  }
}

function isModule(each: unknown): each is Module<never, unknown> {
  return each instanceof Module;
}

export function isState(each: unknown): each is Parameter | BufferTensor {
  return each instanceof Parameter || each instanceof BufferTensor;
}

/** The properties of a module that are of one kind, arrays of them included. */
export function entriesOf<S>(module: object, is: (each: unknown) => each is S): [string, S][] {
  const found: [string, S][] = [];
  for (const [name, value] of Object.entries(module)) {
    if (is(value)) found.push([name, value]);
    else if (Array.isArray(value)) {
      for (const [index, each] of value.entries()) if (is(each)) found.push([`${name}.${index}`, each]);
    }
  }
  return found;
}

function joined(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}${prefix.endsWith('/') ? '' : '.'}${name}`;
}
