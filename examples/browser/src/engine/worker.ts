import { TapgradError } from '@tapgrad/core';
import type { FromWorker, RequestName, ToWorker } from './messages.ts';
import { Session } from './session.ts';

// Training runs apart from the page, which stays quick whatever the backend.
const session = new Session({
  progress: (progress) => tell({ kind: 'progress', progress }),
  note: (text) => tell({ kind: 'note', text }),
});

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'abort') session.abort();
  else void answer(data.id, data.name, data.argument);
});

let last: Promise<unknown> = Promise.resolve();

/** One after the other: what is trained may not be replaced while it is written or read. */
function inTurn(run: () => Promise<unknown>): Promise<unknown> {
  const mine = last.then(run);
  last = mine.catch(() => undefined);
  return mine;
}

async function answer(id: number, name: RequestName, argument: unknown): Promise<void> {
  try {
    const run = session[name].bind(session) as (argument: unknown) => Promise<unknown>;
    // Sentences are classified during training, too.
    const value = await (name === 'classify' ? run(argument) : inTurn(() => run(argument)));
    tell({ kind: 'answer', id, value });
  } catch (thrown) {
    tell({ kind: 'failure', id, message: textOf(thrown) });
    if (isLoss(thrown))
      void inTurn(() => session.startAnew()).catch((again) => tell({ kind: 'note', text: textOf(again) }));
  }
}

function tell(message: FromWorker): void {
  postMessage(message);
}

function textOf(thrown: unknown): string {
  // The error's own advice is for programs.
  if (isLoss(thrown)) return `${thrown.reason} – train again, or open what was downloaded`;
  if (thrown instanceof TapgradError) return [thrown.reason, thrown.fix].filter(Boolean).join(' – ');
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function isLoss(thrown: unknown): thrown is TapgradError {
  return thrown instanceof TapgradError && thrown.code === 'WEBGPU_DEVICE_LOST';
}
