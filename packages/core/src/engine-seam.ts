/**
 * The one file that touches the inside of TensorFlow.js's engine: while a tape records, `runKernel`, `clone`
 * and `runKernelFunc` are replaced on the engine instance; while a ledger counts, `trackTensor` and `removeDataId` are.
 * The last user to leave restores exactly what was there.
 */
import {
  type DataId,
  type DataType,
  engine,
  type NamedAttrMap,
  type NamedTensorMap,
  Tensor,
} from '@tensorflow/tfjs-core';
import type { MemoryOfBackend } from './backend-memory.ts';

export type KernelInputs = NamedTensorMap;
export type KernelOutput = Tensor | Tensor[];
export type Attributes = NamedAttrMap;
type CustomGradientFunction = (...inputs: (Tensor | ((tensors: Tensor[]) => void))[]) => {
  value: Tensor;
  gradFunc: (dy: Tensor, saved: Tensor[]) => Tensor | Tensor[];
};

export type { CustomGradientFunction };

/** What tfjs's engine runs: a kernel by name, or the function and gradient that `tf.customGrad` was given. */
interface KernelOrCustomGradient {
  readonly inputs: KernelInputs;
  readonly forwardFunc?: (backend: unknown, save: (tensors: Tensor[]) => void) => Tensor;
  readonly backwardsFunc: (dy: Tensor, saved: Tensor[]) => Record<string, () => Tensor>;
}

interface BackendInternals extends MemoryOfBackend {
  incRef(dataId: DataId): void;
  refCount(dataId: DataId): number;
}

interface EngineInternals {
  backendInstance: MemoryOfBackend | null;
  runKernel(name: string, inputs: KernelInputs, attrs?: Attributes): KernelOutput;
  clone(x: Tensor): Tensor;
  runKernelFunc(call: KernelOrCustomGradient): KernelOutput;
  trackTensor(tensor: Tensor, backend: unknown): void;
  removeDataId(dataId: DataId, backend: unknown): void;
  incRef(tensor: Tensor, backend: unknown): void;
  track(tensor: Tensor): Tensor;
  nextTensorId(): number;
  startScope(name?: string): void;
  endScope(result?: unknown): void;
  state: {
    nextTensorId: number;
    activeScope: TfjsScope | null;
    scopeStack: TfjsScope[];
    tensorInfo: WeakMap<DataId, { backend: BackendInternals }>;
  };
}

interface TfjsScope {
  readonly name: string;
  readonly track: Tensor[];
}

/** The engine, looked up at each use: `tf.engine()` may be re-created by a test environment. */
export function internals(): EngineInternals {
  return engine() as unknown as EngineInternals;
}

/** What a recorder of kernels is told. */
export interface KernelInterceptor {
  kernel(name: string, inputs: KernelInputs, attrs: Attributes, run: () => KernelOutput): KernelOutput;
  customGradient(f: CustomGradientFunction, inputs: Tensor[], run: () => Tensor): Tensor;
}

/** What an observer of memory is told: each buffer once, however many tensors share it. */
export interface MemoryObserver {
  allocated(tensor: Tensor): void;
  freed(dataId: DataId): void;
}

class Patch<K extends keyof EngineInternals> {
  private target: EngineInternals | undefined;
  private own: PropertyDescriptor | undefined;

  constructor(
    private readonly key: K,
    private readonly replacement: (original: EngineInternals[K], target: EngineInternals) => EngineInternals[K],
  ) {}

  install(): void {
    const target = internals();
    this.target = target;
    this.own = Object.getOwnPropertyDescriptor(target, this.key);
    const value = this.replacement(target[this.key], target);
    Object.defineProperty(target, this.key, { value, configurable: true, writable: true, enumerable: true });
  }

  restore(): void {
    if (!this.target) return;
    if (this.own) Object.defineProperty(this.target, this.key, this.own);
    else delete this.target[this.key];
    this.target = undefined;
  }
}

let interceptor: KernelInterceptor | undefined;
const recordingPatches = [
  new Patch('runKernel', (original, target) => (name, inputs, attrs) => {
    const run = () => original.call(target, name, inputs, attrs);
    return interceptor ? interceptor.kernel(name, inputs, attrs ?? {}, run) : run();
  }),
  // tfjs's own `clone` adds a node to its tape even when there is none, and fails.
  new Patch('clone', (_original, target) => (x) => target.runKernel('Identity', { x }) as Tensor),
  // Functions made by `tf.customGrad` come here, also those made before anything recorded; kernels are seen above.
  new Patch('runKernelFunc', (original, target) => (call) => {
    const run = () => original.call(target, call);
    if (!interceptor || call.forwardFunc === undefined) return run();
    const { forwardFunc, backwardsFunc } = call;
    const f: CustomGradientFunction = (...inputsAndSave) => ({
      value: forwardFunc(undefined, inputsAndSave.at(-1) as (tensors: Tensor[]) => void),
      gradFunc: (dy, saved) => Object.values(backwardsFunc(dy, saved)).map((gradient) => gradient()),
    });
    return interceptor.customGradient(f, Object.values(call.inputs), run as () => Tensor);
  }),
];

/** Routes every kernel of the engine through `next`; `undefined` puts the engine back as it was. */
export function interceptKernels(next: KernelInterceptor | undefined): void {
  if (next && !interceptor) for (const patch of recordingPatches) patch.install();
  if (!next && interceptor) for (const patch of [...recordingPatches].reverse()) patch.restore();
  interceptor = next;
}

const observers = new Set<MemoryObserver>();
const memoryPatches = [
  new Patch('trackTensor', (original, target) => (tensor, backend) => {
    const known = target.state.tensorInfo.has(tensor.dataId);
    original.call(target, tensor, backend);
    if (known) return;
    for (const observer of observers) observer.allocated(tensor);
  }),
  new Patch('removeDataId', (original, target) => (dataId, backend) => {
    original.call(target, dataId, backend);
    if (!target.state.tensorInfo.has(dataId)) for (const observer of observers) observer.freed(dataId);
  }),
];

/** Starts telling `observer` of buffers; the function returned stops it. */
export function observeMemory(observer: MemoryObserver): () => void {
  if (observers.size === 0) for (const patch of memoryPatches) patch.install();
  observers.add(observer);
  return () => {
    if (!observers.delete(observer) || observers.size > 0) return;
    for (const patch of [...memoryPatches].reverse()) patch.restore();
  };
}

/** A second tensor over the same buffer: nothing is copied. It belongs to the current tfjs scope, like any op's result. */
export function shareBuffer<T extends Tensor>(tensor: T, shape: readonly number[] = tensor.shape): T {
  return shareData({ dataId: tensor.dataId, shape, dtype: tensor.dtype }) as T;
}

/** As `shareBuffer`, from the parts of a tensor that may itself be gone while its buffer lives. */
export function shareData(info: { dataId: DataId; shape: readonly number[]; dtype: DataType }): Tensor {
  const target = internals();
  const buffer = target.state.tensorInfo.get(info.dataId);
  const handle = new Tensor([...info.shape], info.dtype, info.dataId, target.nextTensorId());
  if (!buffer) target.incRef(handle, undefined);
  else {
    target.trackTensor(handle, buffer.backend);
    buffer.backend.incRef(info.dataId);
  }
  return handle;
}

/** As `shareData`, if the buffer still lives. */
export function shareIfAlive(info: Parameters<typeof shareData>[0]): Tensor | undefined {
  return isAlive(info.dataId) ? shareData(info) : undefined;
}

/** Whether no other tensor shares the buffer. */
export function hasBufferAlone(tensor: Tensor): boolean {
  return internals().state.tensorInfo.get(tensor.dataId)?.backend.refCount(tensor.dataId) === 1;
}

export function isAlive(dataId: DataId): boolean {
  return internals().state.tensorInfo.has(dataId);
}

/** Takes a tensor out of every tfjs scope: only `dispose` frees it. */
export function hold<T extends Tensor>(tensor: T): T {
  tensor.kept = true;
  return tensor;
}

/** Runs `f` in a tfjs scope: what it made and did not return is disposed, also when it throws. */
export function scoped<T>(f: () => T): T {
  const target = internals();
  target.startScope();
  let result: T;
  try {
    result = f();
  } catch (thrown) {
    target.endScope();
    throw thrown;
  }
  target.endScope(result);
  return result;
}

/** As `scoped`; if `f` returns a promise, what it made until then stays: who made it disposes it. */
export function scopedUnlessLate<T>(f: () => T | Promise<T>): T | Promise<T> {
  const target = internals();
  target.startScope();
  let result: T | Promise<T>;
  try {
    result = f();
  } catch (thrown) {
    target.endScope();
    throw thrown;
  }
  target.endScope(result instanceof Promise ? [...(target.state.activeScope?.track ?? [])] : result);
  return result;
}

/** To ask later, with `madeSince`, whether a tensor was made after this moment. */
export function nextTensorId(): number {
  return internals().state.nextTensorId;
}

export function madeSince(first: number, tensor: Tensor): boolean {
  return tensor.id >= first;
}

/** Name of the tfjs op that is running, for example `fusedMatMul`. */
export function currentScopeName(): string {
  return internals().state.activeScope?.name ?? '';
}
