import type { Parameter, PluginContext } from '@tapgrad/core';
import { initializers } from '@tapgrad/nn';
import type { Tensor } from '@tensorflow/tfjs-core';

type Context = Pick<PluginContext<unknown>, 'addParameter' | 'remove' | 'random'>;

/** A prototype `[width]` for each class, those of one task as one parameter `prototypes.<task>`, `[classes, width]`. */
export class Prototypes {
  private readonly parts: Parameter[] = [];

  constructor(
    private readonly context: Context,
    private readonly width: number,
  ) {}

  /** Number of classes that arrived with each task. */
  get sizes(): number[] {
    return this.parts.map(({ shape }) => shape[0] as number);
  }

  /** Number of all of them. */
  get classes(): number {
    return this.sizes.reduce((sum, size) => sum + size, 0);
  }

  add(classes: number): void {
    const { context, parts, width } = this;
    const name = `prototypes.${parts.length}`;
    const bound = 1 / Math.sqrt(width);
    const made = initializers.initialParameter(
      [classes, width],
      initializers.uniform(-bound, bound),
      context.random(name),
    );
    parts.push(context.addParameter(name, made));
  }

  reshape(sizes: readonly number[]): void {
    const differing = this.sizes.findIndex((size, part) => size !== sizes[part]);
    while (differing >= 0 && this.parts.length > differing) {
      this.parts.pop();
      this.context.remove(`prototypes.${this.parts.length}`);
    }
    for (const size of sizes.slice(this.parts.length)) this.add(size);
  }

  /** As a forward sees them, task by task. */
  read(): Tensor[] {
    return this.parts.map((part) => part.read());
  }
}
