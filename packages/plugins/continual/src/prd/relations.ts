import { type PluginContext, type RememberedScope, rememberScope } from '@tapgrad/core';
import { addN, type Tensor } from '@tensorflow/tfjs-core';
import { Teacher } from '../base/teacher.ts';
import { relationDistillation, relationScores } from './math.ts';
import type { CheckedPrdOptions } from './options.ts';
import type { Prototypes } from './prototypes.ts';

/** What the model and its prototypes were when the last task ended, and how their relations are kept. */
export class Relations {
  readonly teacher: Teacher;
  /** Tasks whose prototypes the teacher has. */
  tasks = 0;
  private asked: { readonly scope: RememberedScope; scores: readonly Tensor[] } | undefined;

  constructor(
    private readonly prototypes: Prototypes,
    private readonly options: CheckedPrdOptions,
    context: Pick<PluginContext<unknown>, 'snapshotStack'>,
  ) {
    this.teacher = new Teacher(context, { training: options.teacherMode === 'training' });
  }

  /** From now on the relations are those of the model as it is now. */
  take(): void {
    this.teacher.take();
    this.tasks = this.prototypes.sizes.length;
  }

  /** Told the features of every forward: those of the teacher's are what it is asked for. */
  see(features: Tensor): void {
    const { asked } = this;
    if (asked) asked.scores = asked.scope.run(() => this.scoresOf(features));
  }

  /** L_D of the features of a batch, summed over the old tasks. */
  distillation(features: Tensor, inputs: unknown): Tensor {
    const asked = { scope: rememberScope(), scores: [] as readonly Tensor[] };
    this.asked = asked;
    try {
      this.teacher.predict(inputs);
    } finally {
      this.asked = undefined;
    }
    const terms = this.scoresOf(features).map((scores, task) =>
      relationDistillation(scores, asked.scores[task] as Tensor, this.options),
    );
    return addN(terms);
  }

  private scoresOf(features: Tensor): Tensor[] {
    const old = this.prototypes.read().slice(0, this.tasks);
    return old.map((each) => relationScores(features, each, this.options));
  }
}
