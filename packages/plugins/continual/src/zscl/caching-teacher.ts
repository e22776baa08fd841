import { type PluginContext, untaped } from '@tapgrad/core';
import { gather, type Tensor } from '@tensorflow/tfjs-core';
import { Anchors } from '../base/anchors.ts';
import { Teacher } from '../base/teacher.ts';
import type { Embedded } from './math.ts';
import { embeddedOf, type Reference } from './reference.ts';

/** Keeps what the teacher makes of one tensor of texts: it is the same at every step. */
export class CachingTeacher extends Teacher {
  private texts: Tensor | undefined;
  private readonly embedded: Anchors;

  constructor(context: Pick<PluginContext<unknown>, 'snapshotStack' | 'ledger' | 'name'>) {
    super(context);
    this.embedded = new Anchors(context);
  }

  override take(): void {
    this.forget();
    super.take();
  }

  override load(...state: Parameters<Teacher['load']>): void {
    this.forget();
    super.load(...state);
  }

  /** What the teacher makes of reference data, without a tape. */
  embed({ images, texts, chosen, textsOfBatch }: Reference): Embedded {
    if (textsOfBatch) return embeddedOf(this.predict([images, texts]));
    const all = this.known(texts);
    const { image, scale } = embeddedOf(this.predict([images, undefined]));
    return { image, scale, text: chosen ? untaped(() => gather(all, chosen)) : all };
  }

  /** Frees what is kept. */
  forget(): void {
    this.texts = undefined;
    this.embedded.clear();
  }

  private known(texts: Tensor): Tensor {
    if (this.texts !== texts) {
      this.forget();
      this.embedded.set('texts', embeddedOf(this.predict([undefined, texts])).text);
      this.texts = texts;
    }
    return this.embedded.all.get('texts') as Tensor;
  }
}
