import { type LabelledLines, readLabelledLines } from '../data/labelled-lines.ts';
import { element } from './elements.ts';

const shownProblems = 5;

/** The sentences: typed, dropped or opened, and what is wrong with them. */
export class DataPanel {
  onChange: (lines: LabelledLines) => void = () => {};
  private readonly text = element('sentences', HTMLTextAreaElement);
  private readonly drop = element('drop', HTMLElement);
  private read: LabelledLines = readLabelledLines('');

  constructor() {
    const add = element('add', HTMLFormElement);
    add.addEventListener('submit', (event) => {
      event.preventDefault();
      this.add(new FormData(add));
      add.reset();
      add.querySelector('input')?.focus();
    });
    this.text.addEventListener('input', () => this.changed());
    const file = element('tsv', HTMLInputElement);
    file.addEventListener('change', () => {
      const [chosen] = file.files ?? [];
      if (chosen) void this.open(chosen);
      file.value = '';
    });
    element('clear', HTMLButtonElement).addEventListener('click', () => this.replace(''));
    element('sample', HTMLButtonElement).addEventListener('click', () => void this.openSample());
    this.acceptDrops();
  }

  get lines(): LabelledLines {
    return this.read;
  }

  /** Sentences in four classes that come with the page; not in place of what was typed, or kept by the browser, before they are here. */
  async begin(): Promise<void> {
    if (this.text.value === '') await this.openSample(() => this.text.value === '');
    else this.changed();
  }

  private async openSample(wanted = () => true): Promise<void> {
    try {
      const response = await fetch(new URL('./sample.tsv', document.baseURI));
      if (!response.ok) throw new Error(`${response.status}`);
      const content = await response.text();
      if (wanted()) this.replace(content);
    } catch (thrown) {
      this.show([`The sample could not be loaded (${thrown instanceof Error ? thrown.message : String(thrown)}).`]);
    }
  }

  private async open(file: File): Promise<void> {
    const kept = 'the sentences above are as they were';
    let content: ArrayBuffer;
    try {
      content = await file.arrayBuffer();
    } catch {
      this.show([`${file.name} cannot be read, as a folder cannot; ${kept}.`]);
      return;
    }
    try {
      this.replace(new TextDecoder('utf-8', { fatal: true }).decode(content));
    } catch {
      this.show([`${file.name} is not a text file in UTF-8; ${kept}.`]);
    }
  }

  private add(form: FormData): void {
    const field = (name: string) => String(form.get(name)).replaceAll(/\s+/g, ' ').trim();
    const before = this.text.value.trimEnd();
    this.replace(`${before}${before === '' ? '' : '\n'}${field('text')}\t${field('label')}\n`);
    this.text.scrollTop = this.text.scrollHeight;
  }

  private replace(content: string): void {
    this.text.value = content;
    this.changed();
  }

  private changed(): void {
    this.read = readLabelledLines(this.text.value);
    const { examples, labels, problems } = this.read;
    element('data-summary', HTMLElement).textContent =
      examples.length === 0 ? '' : `${examples.length} sentences, ${labels.length} labels: ${list(labels)}`;
    element('labels', HTMLDataListElement).replaceChildren(...labels.map((label) => new Option(label)));
    this.show(problems);
    this.onChange(this.read);
  }

  private show(problems: readonly string[]): void {
    const shown = problems.slice(0, shownProblems);
    if (problems.length > shownProblems) shown.push(`and ${problems.length - shownProblems} more lines like these`);
    const items = shown.map((problem) => Object.assign(document.createElement('li'), { textContent: problem }));
    element('data-problems', HTMLElement).replaceChildren(...items);
  }

  private acceptDrops(): void {
    const over = (event: DragEvent, is: boolean) => {
      // Text is dragged as everywhere.
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      this.drop.classList.toggle('over', is);
    };
    // Anywhere on the page: a file that misses the frame must not replace the page.
    addEventListener('dragover', (event) => over(event, true));
    addEventListener('dragleave', (event) => over(event, false));
    addEventListener('drop', (event) => {
      over(event, false);
      const [file] = event.dataTransfer?.files ?? [];
      if (file) void this.open(file);
    });
  }
}

function list(labels: readonly string[]): string {
  const shown = labels.slice(0, 8).join(', ');
  return labels.length > 8 ? `${shown} and ${labels.length - 8} more` : shown;
}
