/** What a contestant's process can be asked to do. */
export type Tasks = Readonly<Record<string, (argument: never) => unknown>>;

/** Answers the runner's requests until the runner ends the process. */
export function serve(tasks: Tasks): void {
  process.on('message', ({ task, argument }: { task: string; argument: never }) => {
    Promise.resolve()
      .then(() => tasks[task]!(argument))
      .then(
        (value) => process.send!({ value }),
        (error: unknown) =>
          process.send!({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      );
  });
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
