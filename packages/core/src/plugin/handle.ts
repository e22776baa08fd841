import type { Tensor } from '@tensorflow/tfjs-core';
import { blaming, type Tapper } from '../hooks/hook.ts';
import type { BufferTensor, Parameter } from '../module/parameter.ts';
import type { AnyModule } from './context.ts';
import type { Plugin, PluginInstance } from './define-plugin.ts';

/** One attached plugin: what it added, and how it is taken away again. */
export class PluginHandle implements Tapper {
  enabled = true;
  instance: PluginInstance | undefined;
  readonly modules = new Map<string, AnyModule>();
  readonly parameters = new Map<string, Parameter>();
  readonly filters: ((name: string, parameter: Parameter) => boolean | undefined)[] = [];
  readonly inEvaluation: AnyModule[] = [];
  readonly recomputed: AnyModule[] = [];
  private readonly undo: (() => void)[] = [];
  private readonly kept = new Set<Tensor>();

  constructor(
    readonly definition: Plugin,
    readonly rank: number,
  ) {}

  get plugin(): string {
    return this.definition.declaration.name;
  }

  onDispose(undo: () => void): void {
    this.undo.push(undo);
  }

  keep<T extends Tensor>(tensor: T): T {
    this.kept.add(tensor);
    return tensor;
  }

  /** Parameters of the plugin by full name, for example `ladder/side.0.weight`. */
  namedParameters(): Map<string, Parameter> {
    const found = new Map<string, Parameter>();
    for (const [name, parameter] of this.parameters) found.set(`${this.plugin}/${name}`, parameter);
    for (const [name, module] of this.modules) {
      for (const [path, parameter] of module.namedParameters()) found.set(`${this.plugin}/${name}.${path}`, parameter);
    }
    return found;
  }

  /** Buffers of the plugin's modules by full name. */
  namedBuffers(): Map<string, BufferTensor> {
    const found = new Map<string, BufferTensor>();
    for (const [name, module] of this.modules) {
      for (const [path, buffer] of module.namedBuffers()) found.set(`${this.plugin}/${name}.${path}`, buffer);
    }
    return found;
  }

  /** Takes away everything, last thing first; the first error is thrown after all is gone. */
  dispose(): void {
    const errors: unknown[] = [];
    const attempt = (f: () => void) => {
      try {
        f();
      } catch (thrown) {
        errors.push(thrown);
      }
    };
    attempt(() => blaming(this.plugin, 'dispose', () => this.instance?.dispose?.()));
    for (const undo of this.undo.reverse()) attempt(undo);
    for (const module of this.modules.values()) attempt(() => module.dispose());
    for (const parameter of this.parameters.values()) attempt(() => parameter.dispose());
    for (const tensor of this.kept) attempt(() => tensor.dispose());
    this.undo.length = 0;
    this.modules.clear();
    this.parameters.clear();
    this.kept.clear();
    if (errors.length > 0) throw errors[0];
  }
}
