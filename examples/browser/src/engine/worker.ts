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

async function answer(id: number, name: RequestName, argument: unknown): Promise<void> {
  try {
    const run = session[name].bind(session) as (argument: unknown) => Promise<unknown>;
    tell({ kind: 'answer', id, value: await run(argument) });
  } catch (thrown) {
    tell({ kind: 'failure', id, message: textOf(thrown) });
  }
}

function tell(message: FromWorker): void {
  postMessage(message);
}

function textOf(thrown: unknown): string {
  if (thrown instanceof TapgradError) return [thrown.reason, thrown.fix].filter(Boolean).join(' – ');
  return thrown instanceof Error ? thrown.message : String(thrown);
}
