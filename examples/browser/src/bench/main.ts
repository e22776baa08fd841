import '../style.css';
import { adapterName } from '../../../../benchmarks/src/step/backends/gpu.ts';
import { element, showingProblems } from '../view/elements.ts';
import { type BenchResult, runBench } from './run.ts';
import { showResult } from './table.ts';

const form = element('options', HTMLFormElement);
const run = form.querySelector('button')!;
const copy = element('copy', HTMLButtonElement);
const doing = element('doing', HTMLElement);
const problem = element('problem', HTMLElement);
let result: BenchResult | undefined;

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void measure(new FormData(form));
});
copy.addEventListener('click', () =>
  showingProblems(problem, async () => {
    await navigator.clipboard.writeText(`${JSON.stringify(result, undefined, 2)}\n`);
    doing.textContent = 'The result is on the clipboard.';
  }),
);

async function measure(options: FormData): Promise<void> {
  run.disabled = true;
  copy.disabled = true;
  await showingProblems(problem, async () => {
    const network = options.get('network') === 'cnn' ? 'cnn' : 'transformer';
    const scale = options.get('scale') === 'tiny' ? 'tiny' : 'full';
    const settings = { network, scale, rounds: Number(options.get('rounds')), seed: 1 } as const;
    result = await runBench(settings, (what) => (doing.textContent = `${what} …`));
    showResult(result);
    copy.disabled = false;
  });
  doing.textContent = problem.textContent === '' ? 'Done.' : '';
  run.disabled = false;
}

const adapter = element('adapter', HTMLElement);
try {
  if (!navigator.gpu)
    throw new Error('this browser has no WebGPU, or this page was not opened over https or localhost');
  adapter.textContent = `Adapter: ${await adapterName(navigator.gpu)}`;
  run.disabled = false;
} catch (thrown) {
  adapter.classList.add('problems');
  adapter.textContent = `Nothing can be measured: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
}
