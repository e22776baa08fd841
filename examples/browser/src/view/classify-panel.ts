import type { Share } from '../engine/messages.ts';
import { element, showingProblems } from './elements.ts';

const shown = 5;

/** A sentence, and its classes by probability. */
export class ClassifyPanel {
  private readonly form = element('classify', HTMLFormElement);
  private readonly classes = element('classes', HTMLElement);

  constructor(classify: (text: string) => Promise<readonly Share[]>) {
    const problem = element('classify-problem', HTMLElement);
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      const text = String(new FormData(this.form).get('text')).trim();
      if (text !== '') void showingProblems(problem, async () => this.show(await classify(text)));
    });
  }

  set enabled(is: boolean) {
    this.form.querySelector('button')!.disabled = !is;
  }

  clear(): void {
    this.classes.replaceChildren();
  }

  private show(shares: readonly Share[]): void {
    this.classes.replaceChildren(
      ...shares.slice(0, shown).map(({ label, probability }) => {
        const line = document.createElement('li');
        const percent = `${(probability * 100).toFixed(1)} %`;
        const meter = Object.assign(document.createElement('meter'), { value: probability });
        meter.setAttribute('aria-label', `${label}: ${percent}`);
        line.append(
          Object.assign(document.createElement('span'), { textContent: label }),
          meter,
          Object.assign(document.createElement('output'), { textContent: percent }),
        );
        return line;
      }),
    );
  }
}
