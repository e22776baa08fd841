import type { Loaded } from '../engine/messages.ts';
import { element, megabytes, showingProblems } from './elements.ts';

export interface Keeping {
  save(): Promise<Uint8Array<ArrayBuffer>>;
  load(file: Blob): Promise<Loaded>;
}

/** Download of what was trained, and its way back. */
export class KeepPanel {
  private readonly saving = element('save', HTMLButtonElement);
  private readonly loading = element('load', HTMLInputElement);
  private readonly status = element('keep', HTMLElement);

  constructor({ save, load }: Keeping) {
    const problem = element('keep-problem', HTMLElement);
    this.saving.addEventListener('click', () =>
      showingProblems(problem, async () => {
        const bytes = await save();
        download(bytes, 'tapgrad-ladder.safetensors');
        this.status.textContent = `tapgrad-ladder.safetensors, ${megabytes(bytes.length)}, was handed to the browser's downloads.`;
      }),
    );
    this.loading.addEventListener('change', () => {
      const [file] = this.loading.files ?? [];
      this.loading.value = '';
      if (!file) return;
      void showingProblems(problem, async () => {
        const { labels, steps } = await load(file);
        this.status.textContent = `${file.name}: ${labels.length} labels (${labels.join(', ')}), trained for ${steps} steps.`;
      });
    });
  }

  enable({ save, load }: { save: boolean; load: boolean }): void {
    this.saving.disabled = !save;
    this.loading.disabled = !load;
  }
}

function download(bytes: Uint8Array<ArrayBuffer>, name: string): void {
  const url = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  // The browser has taken the content over once the click has been dealt with.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
