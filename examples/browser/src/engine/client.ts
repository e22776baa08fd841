import type { FromWorker, Progress, RequestName, Requests, ToWorker } from './messages.ts';

interface Waiting {
  resolve(value: never): void;
  reject(error: Error): void;
}

/** The page's end of the worker that trains. */
export class Engine {
  onProgress: (progress: Progress) => void = () => {};
  onNote: (text: string) => void = () => {};
  private readonly worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;

  constructor() {
    this.worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.receive(data);
    this.worker.onerror = ({ message }) => {
      for (const { reject } of this.waiting.values()) reject(new Error(message || 'the worker could not be loaded'));
      this.waiting.clear();
    };
  }

  ask<Name extends RequestName>(name: Name, argument: Requests[Name]['argument']): Promise<Requests[Name]['answer']> {
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.send({ kind: 'request', id, name, argument });
    });
  }

  /** Ends training after the step in progress; what was learnt so far is kept. */
  abort(): void {
    this.send({ kind: 'abort' });
  }

  private send(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  private receive(message: FromWorker): void {
    if (message.kind === 'progress') this.onProgress(message.progress);
    else if (message.kind === 'note') this.onNote(message.text);
    else {
      const waiting = this.waiting.get(message.id);
      this.waiting.delete(message.id);
      if (message.kind === 'answer') waiting?.resolve(message.value as never);
      else waiting?.reject(new Error(message.message));
    }
  }
}
