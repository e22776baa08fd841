import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packPackages } from '../scripts/lib/pack.mjs';

const run = promisify(execFile);

/** A project outside this repository that has installed the packed packages. */
export interface Consumer {
  readonly folder: string;
  /** Runs Node there and returns what it prints. */
  node(...args: string[]): Promise<string>;
  /** Installs more from the registry. */
  install(...packages: string[]): Promise<void>;
  remove(): Promise<void>;
}

/** Packs all public packages and installs the tarballs and `others` with npm into an empty folder, next to a copy of `consumer/`. */
export async function installPacked(...others: readonly string[]): Promise<Consumer> {
  const tarballs = [...(await packPackages()).values()];
  const folder = await mkdtemp(join(tmpdir(), 'tapgrad-consumer-'));
  await writeFile(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n');
  const wanted = ['@tensorflow/tfjs-backend-cpu@4.22.0', ...others, ...tarballs];
  const install = async (...packages: string[]): Promise<void> => {
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...packages], { cwd: folder });
  };
  await install(...wanted);
  await cp(join(import.meta.dirname, 'consumer'), folder, { recursive: true });
  return {
    folder,
    install,
    node: async (...args) => (await run(process.execPath, args, { cwd: folder })).stdout,
    remove: () => rm(folder, { recursive: true }),
  };
}
