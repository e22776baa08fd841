import { InvalidArgumentError } from 'commander';
import type { BackendOption } from '../../supersenses/src/options.ts';

/** Every method, and what it does against forgetting. */
export const methodAbouts = {
  finetune: 'nothing: each task is trained as it comes, the lower bound',
  joint: 'no stream: all tasks are trained at once, the upper bound',
  lwf: "keep giving the last model's answers for classes of before (learning without forgetting)",
  'feature-distillation': "keep the last model's features",
  ewc: 'hold weights in place that earlier tasks needed, by Fisher information (elastic weight consolidation)',
  'online-ewc': 'the same with one running Fisher information for all tasks',
  si: 'the same, by what each weight did for the loss on its way (synaptic intelligence)',
  'a-gem': 'turn gradients that would raise the loss on the memory',
  er: 'replay: samples of the memory beside each batch',
  der: 'replay, and match the logits that the samples had when they were stored (dark experience replay)',
  derpp: 'DER, and learn the labels of the memory again (DER++)',
  'er+ewc': 'replay, and hold important weights in place',
  'er+lwf': "replay, and keep the last model's answers",
  prd: 'prototypes, supervised contrast, and keep the relations of samples to prototypes',
  lingocl: 'a frozen classifier made of what the class names mean',
  'er+lingocl': 'replay with such a classifier',
  fpf: 'replay, then refresh the parts that changed most from the memory after each task',
  'weight-averaging': 'use the mean of the weights along the way',
} as const;
export type MethodName = keyof typeof methodAbouts;
export const methodNames = Object.keys(methodAbouts) as readonly MethodName[];

export const models = ['use-lite', 'tiny', 'resnet', 'mlp'] as const;
export type ModelName = (typeof models)[number];

/** What decides a run's numbers: kept in its folder, and compared when it is gone on with. */
export interface Settings {
  readonly method: MethodName;
  readonly data: string;
  readonly scenario: 'class' | 'task';
  readonly tasks: number;
  /** Samples that the memory holds. */
  readonly memory: number;
  /** Passes over each task. */
  readonly epochs: number;
  readonly batch: number;
  /** Absent: `use-lite` for texts, `resnet` for images. */
  readonly model?: ModelName | undefined;
  /** Absent: what suits the model. */
  readonly learningRate?: number | undefined;
  /** Factor of the method's coefficient. */
  readonly strength: number;
  /** Most training and test samples of a class; absent: 60 and 15 of WordNet, 600 and 100 of Fashion-MNIST, else all. */
  readonly train?: number | undefined;
  readonly test?: number | undefined;
  readonly size: number;
  readonly backend: BackendOption;
  readonly seed: number;
}

/** What does not change a run's numbers. */
export interface Options extends Settings {
  readonly checkpointEvery: number;
  readonly out?: string | undefined;
  readonly resume?: string | true | undefined;
  readonly fresh: boolean;
  readonly json: boolean;
}

const settingNames = [
  'method',
  'data',
  'scenario',
  'tasks',
  'memory',
  'epochs',
  'batch',
  'model',
  'learningRate',
  'strength',
  'train',
  'test',
  'size',
  'backend',
  'seed',
] as const satisfies readonly (keyof Settings)[];

/** The settings among the options. */
export function settingsOf(options: Settings): Settings {
  const given = settingNames.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]] as const]));
  return Object.fromEntries(given) as unknown as Settings;
}

const flagOf = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** The options in which two runs differ, as they are written on the command line. */
export function differences(one: Settings, other: Settings): string[] {
  return settingNames
    .filter((name) => one[name] !== other[name])
    .map((name) => `${flagOf(name)} ${one[name] ?? '(none)'}, not ${other[name] ?? '(none)'}`);
}

/** The command that repeats a run, without the options that are as `defaults`. */
export function commandOf(settings: Settings, defaults: Settings): string {
  const given = settingNames
    .filter((name) => name === 'method' || (settings[name] !== undefined && settings[name] !== defaults[name]))
    .map((name) => `${flagOf(name)} ${quoted(String(settings[name]))}`);
  return ['npm run continual --', ...given].join(' ');
}

function quoted(word: string): string {
  return /^[\w./:+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

export function methodName(text: string): MethodName {
  if ((methodNames as readonly string[]).includes(text)) return text as MethodName;
  throw new InvalidArgumentError(`there is no method "${text}"; choose among ${methodNames.join(', ')}`);
}

/** The methods, one line each. */
export function methodLines(): string {
  const width = Math.max(...methodNames.map((name) => name.length));
  return methodNames.map((name) => `  ${name.padEnd(width)}  ${methodAbouts[name]}`).join('\n');
}

export function whole(least: number) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`expected a whole number from ${least}`);
  };
}

export function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('expected a number above 0');
}

export function notNegative(text: string): number {
  return text.trim() === '0' ? 0 : positive(text);
}
