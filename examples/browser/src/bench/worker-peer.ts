/** The page's end of one contestant, which has a worker and so an engine and a device of its own. */
export class WorkerPeer {
  private settle: ((message: { value?: unknown; error?: string }) => void) | undefined;

  constructor(
    private readonly name: string,
    private readonly worker: Worker,
  ) {
    worker.onmessage = ({ data }) => this.settle?.(data);
    worker.onerror = ({ message }) => this.settle?.({ error: message || 'its worker could not be loaded' });
  }

  /** One at a time. */
  ask<Answer>(task: string, argument?: unknown): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.settle = ({ value, error }) => {
        this.settle = undefined;
        if (error === undefined) resolve(value as Answer);
        else reject(new Error(`${this.name}: ${error}`));
      };
      this.worker.postMessage({ task, argument });
    });
  }

  close(): void {
    this.worker.terminate();
  }
}
