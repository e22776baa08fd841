import { InvalidArgumentError } from 'commander';

/** What `--backend` takes. */
export const backendNames = ['auto', 'wasm', 'webgpu', 'cpu'] as const;
export type BackendOption = (typeof backendNames)[number];

/** Every method that fits the text model, in the order in which they run, and what it is. */
export const methodAbouts = {
  head: 'the classifier alone',
  full: 'every weight',
  ladder: 'a narrow network beside the frozen one (LST)',
  sherl: 'a merge of the first blocks, which feeds the frozen last one (SHERL)',
  unipt: 'a merge of all frozen blocks by confidence (UniPT)',
  'query-tokens': 'queries that read every block, classifier on their answers (VQT)',
  prompts: 'tokens in front of every block (VPT)',
  prefix: 'keys and values of every attention',
  bias: 'biases, shifts of norms, classifier (BitFit)',
  s2a: 'biases, prompts, side paths; what backward needs in 4-bit codes (S2A)',
  'full+slope-codes': 'every weight; slopes of activations in codes',
  'full+group-codes': 'every weight; all that backward needs in 4-bit codes',
} as const;
export type MethodName = keyof typeof methodAbouts;
export const methodNames = Object.keys(methodAbouts) as readonly MethodName[];
export const usualMethods: readonly MethodName[] = ['head', 'full', 'ladder'];

/** Options of the comparison, as `--help` lists them. */
export interface Options {
  readonly methods: readonly MethodName[];
  readonly steps: number;
  readonly batch: number;
  readonly model: string;
  readonly data: string;
  readonly testData?: string;
  readonly labels?: readonly string[];
  readonly train: number;
  readonly test: number;
  readonly backend: BackendOption;
  readonly seed: number;
  readonly learningRate?: number;
  readonly out: string;
  readonly report: string;
  readonly json: boolean;
}

export function methodList(text: string): MethodName[] {
  const names = [...new Set(list(text).flatMap((name): readonly string[] => (name === 'all' ? methodNames : [name])))];
  const wrong = names.find((name) => !(methodNames as readonly string[]).includes(name));
  if (wrong !== undefined)
    throw new InvalidArgumentError(`unknown method "${wrong}"; choose among ${methodNames.join(', ')}, or all`);
  return names as MethodName[];
}

export function list(text: string): string[] {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);
  if (items.length === 0) throw new InvalidArgumentError('expected names with commas between them');
  return items;
}

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number above 0');
  return value;
}

export function integer(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('expected a whole number, 0 or above');
  return value;
}

export function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('expected a number above 0');
  return value;
}
