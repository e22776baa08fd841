import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The runner's end of one contestant's process: contestants share no registration, no engine and no heap. */
export class Peer {
  readonly name: string;
  readonly #process: ChildProcess;

  /** @param name `<benchmark>/contestants/<file>` without its ending */
  constructor(name: string) {
    this.name = name;
    const file = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
    this.#process = fork(file, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  }

  /** Has the contestant do `task` and resolves to what it answers. One at a time. */
  ask<Answer>(task: string, argument?: unknown): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const settle = () => this.#process.off('message', onMessage).off('exit', onExit);
      const onMessage = (message: { value?: unknown; error?: string }) => {
        settle();
        if (message.error === undefined) resolve(message.value as Answer);
        else reject(new Error(`${this.name}: ${message.error}`));
      };
      const onExit = (code: number | null) => {
        settle();
        reject(new Error(`${this.name} ended with code ${code} while it was asked to do "${task}"`));
      };
      this.#process.once('message', onMessage).once('exit', onExit);
      this.#process.send({ task, argument });
    });
  }

  close(): void {
    this.#process.kill();
  }
}

/** Runs `use` with one process a name and ends them all, whatever happens. */
export async function withPeers<Name extends string, Result>(
  files: Readonly<Record<Name, string>>,
  use: (peers: Readonly<Record<Name, Peer>>) => Promise<Result>,
): Promise<Result> {
  const peers = Object.fromEntries(
    Object.entries<string>(files).map(([name, file]) => [name, new Peer(file)]),
  ) as Record<Name, Peer>;
  try {
    return await use(peers);
  } finally {
    for (const peer of Object.values<Peer>(peers)) peer.close();
  }
}
