import { randomStream, type Stack } from '@tapgrad/core';
import { loadSentenceEncoder, type SentenceEncoder } from '@tapgrad/nn';
import { type CheckpointSource, checkpointBytes, loadCheckpoint, readCheckpointInfo } from '@tapgrad/train';
import { softmax, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { heldBack } from '../data/held-back.ts';
import { startBackend } from './backend.ts';
import { contentOf } from './file-content.ts';
import { ladderStack, release } from './ladder-stack.ts';
import type { Example, Loaded, Progress, Requests, Share, Started, Trained, TrainingSettings } from './messages.ts';
import { idsOf, trainLadder } from './train-ladder.ts';

export interface Told {
  progress(progress: Progress): void;
  /** What goes on, in a few words. */
  note(text: string): void;
}

interface Classifier {
  readonly stack: Stack<Tensor>;
  readonly labels: readonly string[];
}

/** One visit: the pretrained encoder, and the ladder that is trained beside it or loaded. */
export class Session {
  private encoder: SentenceEncoder | undefined;
  private current: Classifier | undefined;
  private stop: AbortController | undefined;
  private asked: Requests['start']['argument'] | undefined;

  constructor(private readonly told: Told) {}

  async start(asked: Requests['start']['argument']): Promise<Started> {
    this.asked = asked;
    const { backend, modelUrl } = asked;
    this.told.note('Starting the backend …');
    const started = await startBackend(backend);
    this.told.note('Loading the sentence encoder (28 MB, once) …');
    this.encoder = await loadSentenceEncoder({ from: modelUrl });
    const sizes = [...this.encoder.namedParameters().values()].map(({ size }) => size);
    return { ...started, parameters: sizes.reduce((sum, size) => sum + size, 0) };
  }

  /** After the device was lost, with all that was on it. */
  async startAnew(): Promise<void> {
    this.forget();
    this.encoder?.dispose();
    this.encoder = undefined;
    if (!this.asked) return;
    const { backend } = await this.start(this.asked);
    this.told.note(`Ready again, on ${{ webgpu: 'a new WebGPU device', wasm: 'WebAssembly' }[backend]}.`);
  }

  /** Trains a new ladder in place of the one that is here. */
  async train({ examples, settings }: { examples: readonly Example[]; settings: TrainingSettings }): Promise<Trained> {
    const encoder = this.ready();
    this.stop = new AbortController();
    const { signal } = this.stop;
    this.told.note('Preparing the sentences …');
    const labels = [...new Set(examples.map(({ label }) => label))].sort();
    const split = heldBack(examples, randomStream(settings.seed, 'split'));
    const classifier = this.replace(() => ladderStack(encoder, labels.length, settings), labels);
    const { evaluation, steps, loss, peakBytes } = await trainLadder(classifier.stack, {
      ...split,
      labels,
      encode: this.encode,
      settings,
      signal,
      progress: this.told.progress,
    });
    const trained = [...classifier.stack.trainableParameters().values()];
    return {
      aborted: signal.aborted,
      steps,
      loss,
      labels,
      held: evaluation && { accuracy: evaluation.metrics.accuracy!, sentences: split.test.length },
      trainableParameters: trained.reduce((sum, { size }) => sum + size, 0),
      peakBytes,
    };
  }

  abort(): void {
    this.stop?.abort();
  }

  /** Classes by probability, the most probable first. */
  async classify(text: string): Promise<readonly Share[]> {
    const { stack, labels } = this.classifier();
    const probabilities = tidy(() => softmax(stack.predict(idsOf([this.encode(text)]))));
    const values = await probabilities.data();
    probabilities.dispose();
    return labels
      .map((label, index) => ({ label, probability: values[index]! }))
      .sort((a, b) => b.probability - a.probability);
  }

  /** The ladder alone as a safetensors file: the encoder it stands beside is not in it. */
  save(): Promise<Uint8Array<ArrayBuffer>> {
    const { stack, labels } = this.classifier();
    return checkpointBytes(stack, { parts: ['plugins'], extra: { labels } });
  }

  /** Puts a ladder of an earlier visit in place of the one that is here. With a file that does not fit, nothing changes. */
  async load(file: Blob): Promise<Loaded> {
    this.ready();
    const content = contentOf(await readCheckpointInfo(file));
    const kept = this.current && {
      labels: this.current.labels,
      seed: this.current.stack.seed,
      bytes: await this.save(),
    };
    try {
      await this.restore(content, file);
    } catch (thrown) {
      if (kept) await this.restore(kept, kept.bytes);
      throw thrown;
    }
    return { labels: content.labels, steps: content.steps };
  }

  private readonly encode = (text: string): readonly number[] => this.ready().tokenizer!.encode(text);

  private async restore({ labels, seed }: { labels: readonly string[]; seed: number }, file: CheckpointSource) {
    const { stack } = this.replace(() => ladderStack(this.ready(), labels.length, { seed }), labels);
    try {
      await loadCheckpoint(stack, file);
    } catch (thrown) {
      this.forget();
      throw thrown;
    }
  }

  private replace(make: () => Stack<Tensor>, labels: readonly string[]): Classifier {
    this.forget();
    return (this.current = { stack: make(), labels });
  }

  private forget(): void {
    if (this.current) release(this.current.stack);
    this.current = undefined;
  }

  private ready(): SentenceEncoder {
    if (!this.encoder) throw new Error('the sentence encoder is not loaded yet');
    return this.encoder;
  }

  private classifier(): Classifier {
    if (!this.current) throw new Error('nothing is trained yet – train first, or open a file that was saved here');
    return this.current;
  }
}
