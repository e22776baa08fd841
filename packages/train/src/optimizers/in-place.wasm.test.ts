import { useWasm } from '@tapgrad/backend-wasm';
import { Parameter, randomStream, record } from '@tapgrad/core';
import { clone, engine, memory, square, sum, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { adam, adamw, type NamedStateOptimizer } from './index.ts';

beforeAll(() => useWasm());

let parameter: Parameter;
let optimizer: NamedStateOptimizer;

afterEach(() => {
  parameter.dispose();
  optimizer.dispose();
});

const values = (name: string, size = 37) => randomStream(1, name).normal(size);

function step(gradient: Float32Array): void {
  const given = tensor(gradient);
  optimizer.step(new Map([['w', parameter]]), new Map([['w', given]]));
  given.dispose();
}

describe('adamw in place', () => {
  it('agrees with the formulas in double precision for 20 steps, and allocates nothing after the first', () => {
    parameter = new Parameter(tensor(values('w')));
    optimizer = adamw({ learningRate: 0.01, weightDecay: 0.1, decay: '**' });
    const [p, m, v] = [Float64Array.from(values('w')), new Float64Array(37), new Float64Array(37)];
    let buffers: readonly object[] = [];
    for (let t = 1; t <= 20; t++) {
      const g = values(`gradient ${t}`);
      step(g);
      for (let i = 0; i < 37; i++) {
        m[i] = 0.9 * (m[i] as number) + 0.1 * (g[i] as number);
        v[i] = 0.999 * (v[i] as number) + 0.001 * (g[i] as number) ** 2;
        const update = (m[i] as number) / (1 - 0.9 ** t) / (Math.sqrt((v[i] as number) / (1 - 0.999 ** t)) + 1e-8);
        p[i] = (p[i] as number) * (1 - 0.001) - 0.01 * update;
      }
      const now = [parameter.variable, ...optimizer.state().values()].map((each) => each.dataId);
      if (t > 1) expect(now).toEqual(buffers);
      buffers = now;
    }
    for (const [i, value] of parameter.variable.dataSync().entries()) expect(value).toBeCloseTo(p[i] as number, 5);
  });

  it('uses the kernel, for adam with a penalty as well, and leaves no tensor', () => {
    const ran = vi.spyOn(engine(), 'runKernel');
    parameter = new Parameter(tensor(values('w')));
    for (const make of [adamw, adam]) {
      optimizer?.dispose();
      optimizer = make({ learningRate: 0.01, weightDecay: 0.1, decay: '**' });
      step(values('gradient'));
      const before = memory().numTensors;
      ran.mockClear();
      step(values('gradient'));
      expect(ran.mock.calls.map(([name]) => name)).toContain('tapgrad.AdamW');
      expect(memory().numTensors).toBe(before);
    }
    ran.mockRestore();
  });

  it('a buffer that another tensor sees is copied first', () => {
    parameter = new Parameter(tensor(values('w')));
    optimizer = adamw({ learningRate: 0.1 });
    const seen: Tensor[] = [clone(parameter.variable)];
    step(values('gradient'));
    seen.push(...[...optimizer.state().values()].map((each) => clone(each)));
    const before = seen.map((each) => [...each.dataSync()]);
    step(values('gradient'));
    expect(seen.map((each) => [...each.dataSync()])).toEqual(before);
    expect([...parameter.variable.dataSync()]).not.toEqual(before[0]);
    for (const each of seen) each.dispose();
  });

  it('a tape that saved the parameter before the update goes back with the value that it saw', () => {
    parameter = new Parameter(tensor(values('w')));
    optimizer = adamw({ learningRate: 0.1 });
    const { value, tape } = record(() => sum(square(parameter.variable)) as Tensor, {
      parameters: [parameter.variable],
    });
    const before = [...parameter.variable.dataSync()];
    step(values('gradient'));
    tape.backward(value);
    const [gradient] = [...tape.gradients.values()];
    expect([...(gradient as Tensor).dataSync()]).toEqual(before.map((each) => Math.fround(2 * each)));
    tape.dispose();
    value.dispose();
  });
});
