import './style.css';
import { Engine } from './engine/client.ts';
import type { BackendWish } from './engine/messages.ts';
import { workOffline } from './offline.ts';
import { ClassifyPanel } from './view/classify-panel.ts';
import { DataPanel } from './view/data-panel.ts';
import { element, showingProblems } from './view/elements.ts';
import { KeepPanel } from './view/keep-panel.ts';
import { TrainingPanel } from './view/training-panel.ts';

const engine = new Engine();
const backend = element('backend', HTMLElement);
const data = new DataPanel();
const training = new TrainingPanel();
const state = { ready: false, busy: false, trained: false };

const classify = new ClassifyPanel((text) => engine.ask('classify', text));
const keep = new KeepPanel({
  save: () => engine.ask('save', undefined),
  async load(file) {
    const loaded = await engine.ask('load', file);
    change({ trained: true });
    classify.clear();
    return loaded;
  },
});

engine.onNote = (text) => (state.ready ? training.say(text) : (backend.textContent = text));
engine.onProgress = (progress) => {
  training.show(progress);
  if (!state.trained) change({ trained: true });
};
data.onChange = () => change({});
training.train.addEventListener('click', () => void train());
training.stop.addEventListener('click', () => {
  engine.abort();
  training.say('Stopping after this step …');
});

async function train(): Promise<void> {
  const settings = training.settings();
  if (!settings) return;
  change({ busy: true, trained: false });
  classify.clear();
  training.begin();
  await showingProblems(training.problem, async () => {
    training.end(await engine.ask('train', { examples: data.lines.examples, settings }));
  });
  change({ busy: false });
}

/** What can be pressed follows from what there is. */
function change(changes: Partial<typeof state>): void {
  Object.assign(state, changes);
  const { ready, busy, trained } = state;
  training.train.disabled = !ready || busy || data.lines.problems.length > 0;
  training.stop.disabled = !busy;
  classify.enabled = ready && trained;
  keep.enable({ save: ready && trained && !busy, load: ready && !busy });
}

function wish(): BackendWish {
  const asked = new URL(location.href).searchParams.get('backend');
  return asked === 'webgpu' || asked === 'wasm' ? asked : 'auto';
}

void data.begin();
try {
  const modelUrl = new URL('./model/', document.baseURI).href;
  const started = await engine.ask('start', { backend: wish(), modelUrl });
  const name = { webgpu: 'WebGPU', wasm: 'WebAssembly' }[started.backend];
  backend.textContent = `Ready on ${name}. ${started.reason} The encoder has ${(started.parameters / 1e6).toFixed(1)} million parameters.`;
  change({ ready: true });
  await workOffline(element('offline', HTMLElement));
} catch (thrown) {
  backend.classList.add('problems');
  backend.textContent = `Training cannot start: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
}
