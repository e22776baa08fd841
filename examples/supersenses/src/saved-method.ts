import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Stack, type StackState, TapgradError } from '@tapgrad/core';
import { readSafetensorsFile, writeSafetensorsFile } from '@tapgrad/nn/node';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { type MethodName, methodNames } from './options.ts';
import { UserError } from './user-error.ts';

/** What a file says of the weights in it, so that they can be used without the options of the run that made them. */
export interface SavedMethod {
  readonly method: MethodName;
  readonly model: string;
  readonly labels: readonly string[];
  readonly seed: number;
  readonly accuracy: number;
  readonly state: StackState['json'];
}

/** Writes what the method trained, plugins included, to `<folder>/<method>.safetensors`; the frozen weights are not in it. */
export async function saveMethod(
  folder: string,
  stack: Stack<Tensor>,
  about: Omit<SavedMethod, 'state'>,
): Promise<string> {
  const { tensors, json } = stack.state('plugins');
  const trained = [...stack.trainableParameters()].map(([name, { variable }]) => [name, variable] as const);
  const file = join(folder, `${about.method}.safetensors`);
  mkdirSync(folder, { recursive: true });
  await writeSafetensorsFile(file, new Map<string, Tensor>([...tensors, ...trained]), {
    supersenses: JSON.stringify({ ...about, state: json } satisfies SavedMethod),
  });
  return file;
}

/** Opens a file that `saveMethod` wrote. Throws `UserError`. */
export async function openMethod(file: string) {
  if (!existsSync(file)) throw new UserError(`no such file: ${file}`);
  try {
    const opened = await readSafetensorsFile(file);
    const about = opened.metadata.get('supersenses');
    if (about === undefined) throw new UserError(`${file} was not written by this program`);
    return { about: JSON.parse(about) as SavedMethod, file: opened };
  } catch (error) {
    if (error instanceof TapgradError) throw new UserError(`${file}: ${error.message}`);
    throw error;
  }
}

/** The file that a run left in `folder`: the ladder's where there is one. Throws `UserError`. */
export function newestMethod(folder: string): string {
  const found = existsSync(folder) ? readdirSync(folder) : [];
  const file = ['ladder', ...methodNames.toReversed()]
    .map((name) => `${name}.safetensors`)
    .find((name) => found.includes(name));
  if (file === undefined) throw new UserError(`nothing trained in ${folder} yet; run "npm start" first`);
  return join(folder, file);
}

/** Puts saved weights into a stack of the same method on the same model. */
export function loadMethod(stack: Stack<Tensor>, opened: Awaited<ReturnType<typeof openMethod>>): void {
  const tensors = opened.file.tensors();
  try {
    stack.loadState({ tensors, json: opened.about.state });
    for (const [name, parameter] of stack.trainableParameters()) parameter.assign(tensors.get(name)!);
  } finally {
    dispose([...tensors.values()]);
  }
}
