/** What a contestant can be asked to do. */
export type Tasks = Readonly<Record<string, (argument: never) => unknown>>;

interface Request {
  readonly task: string;
  readonly argument: never;
}

/** Answers the runner's requests until the runner ends this process, or this worker of a page. */
export function serve(tasks: Tasks): void {
  const answer = async ({ task, argument }: Request) => {
    try {
      return { value: await tasks[task]!(argument) };
    } catch (error) {
      return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
  };
  if ('process' in globalThis && process.send) {
    process.on('message', async (request: Request) => process.send!(await answer(request)));
  } else {
    const worker: Pick<Worker, 'onmessage' | 'postMessage'> = globalThis as unknown as Worker;
    worker.onmessage = async ({ data }: MessageEvent<Request>) => worker.postMessage(await answer(data));
  }
}

/** Milliseconds on the wall. */
const wallClock = () => performance.now();

/** Milliseconds that this process computed. Steadier where other programs run, fit for single-threaded work alone. */
export function processClock(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Milliseconds of each of `count` runs. */
export async function times(count: number, run: () => unknown, clock = wallClock): Promise<number[]> {
  const measured: number[] = [];
  for (let index = 0; index < count; index++) {
    const start = clock();
    await run();
    measured.push(clock() - start);
  }
  return measured;
}
