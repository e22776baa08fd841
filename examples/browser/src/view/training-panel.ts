import type { Progress, Trained, TrainingSettings } from '../engine/messages.ts';
import { Charts, categories } from './charts.ts';
import { element, megabytes } from './elements.ts';

/** Settings, buttons and the course of training. */
export class TrainingPanel {
  readonly train = element('train', HTMLButtonElement);
  readonly stop = element('stop', HTMLButtonElement);
  readonly problem = element('training-problem', HTMLElement);
  private readonly status = element('training', HTMLElement);
  private readonly bar = element('progress', HTMLProgressElement);
  private readonly charts = new Charts(element('loss', HTMLElement), element('memory', HTMLElement));

  /** What is set; undefined where the form shows that something is amiss. */
  settings(): TrainingSettings | undefined {
    const form = element('settings', HTMLFormElement);
    if (!form.checkValidity()) {
      form.closest('details')!.open = true;
      form.reportValidity();
      return undefined;
    }
    const number = (name: string) => Number(new FormData(form).get(name));
    return {
      steps: number('steps'),
      batchSize: number('batchSize'),
      learningRate: number('learningRate'),
      seed: number('seed'),
    };
  }

  begin(): void {
    this.charts.clear();
    this.bar.value = 0;
    this.say('Preparing …');
  }

  /** @param aloud whether screen readers are to read it out */
  say(text: string, aloud = true): void {
    this.status.setAttribute('aria-live', aloud ? 'polite' : 'off');
    this.status.textContent = text;
  }

  show(progress: Progress): void {
    const { step, steps, loss, stepMs, etaMs, peakBytes } = progress;
    this.bar.max = steps;
    this.bar.value = step;
    const left = etaMs ? `, about ${Math.ceil(etaMs / 1000)} s left` : '';
    this.say(
      `Step ${step} of ${steps}: loss ${loss.toFixed(3)}, ${stepMs.toFixed(0)} ms, peak ${megabytes(peakBytes)}${left}`,
      false,
    );
    this.charts.add(progress);
    this.breakdown(progress);
  }

  end({ aborted, steps, loss, held, trainableParameters, peakBytes }: Trained): void {
    const accuracy = held
      ? `${(held.accuracy * 100).toFixed(0)} % of ${held.sentences} sentences that it had not seen are right. `
      : aborted
        ? ''
        : 'With 20 sentences or more, a fifth of them is kept back to test with. ';
    this.say(
      `${aborted ? 'Stopped' : 'Done'} after ${steps} steps, loss ${loss.toFixed(3)}. ${accuracy}${trainableParameters.toLocaleString('en')} numbers trained, peak ${megabytes(peakBytes)}.`,
    );
  }

  private breakdown({ memory, peakBytes }: Progress): void {
    const entry = (name: string, bytes: number) => {
      const both = document.createElement('div');
      both.append(
        Object.assign(document.createElement('dt'), { textContent: name }),
        Object.assign(document.createElement('dd'), { textContent: megabytes(bytes) }),
      );
      return both;
    };
    element('memory-now', HTMLElement).replaceChildren(
      entry('all at the peak', peakBytes),
      ...categories.map((name) => entry(name, memory[name])),
    );
  }
}
