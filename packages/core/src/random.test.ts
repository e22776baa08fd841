import { describe, expect, it } from 'vitest';
import { currentRandom, manualSeed, randomContext, randomStream, rememberRandom, withRandom } from './random.ts';

const draws = (count: number, seed = 1, ...keys: (string | number)[]) => [
  ...randomStream(seed, ...keys).uniform(count),
];

describe('a random stream', () => {
  it('gives the same numbers for the same name on every machine', () => {
    const stream = randomStream(7, 'shuffle', 3);
    expect([stream.bits(), stream.bits(), stream.bits()]).toEqual([4037254672, 792473070, 1028195143]);
    expect(draws(5, 7, 'a')).toEqual(draws(5, 7, 'a'));
  });

  it('gives other numbers for any other name', () => {
    const names: (string | number)[][] = [
      [],
      ['a'],
      ['b'],
      ['a', 'b'],
      ['ab'],
      ['b', 'a'],
      [1],
      [2],
      ['1'],
      [0.5],
      [-1],
      [2 ** 31],
      ['a', 0],
    ];
    const seen = new Set([1, 2].flatMap((seed) => names.map((keys) => draws(3, seed, ...keys).join())));
    expect(seen.size).toBe(2 * names.length);
  });

  it('can be replayed from any position', () => {
    const stream = randomStream(1, 'x');
    stream.uniform(10);
    const { position } = stream;
    const ahead = [...stream.uniform(5)];
    stream.position = position;
    expect([...stream.uniform(5)]).toEqual(ahead);
    stream.position = 0;
    expect([...stream.uniform(15)].slice(10)).toEqual(ahead);
  });

  it('never draws the upper bound, which the largest number would round to in float32', () => {
    const stream = randomStream(1, 'x');
    Object.assign(stream, { at: () => 2 ** 32 - 1 });
    expect(Math.fround(stream.uniform(1)[0] as number)).toBeLessThan(1);
    expect(Math.fround(stream.uniform(1, -2, 3)[0] as number)).toBeLessThan(3);
  });

  it('draws one by one what it draws at once', () => {
    const [one, all] = [randomStream(1, 'x'), randomStream(1, 'x')];
    expect(Array.from({ length: 6 }, () => one.next())).toEqual([...all.uniform(6)]);
  });

  it('is uniform and normal within what chance allows, for neighbouring seeds too', () => {
    for (const seed of [0, 1, 2, 3]) {
      const uniform = randomStream(seed, 'u').uniform(20_000);
      const mean = uniform.reduce((sum, value) => sum + value, 0) / uniform.length;
      expect(Math.abs(mean - 0.5)).toBeLessThan(0.01);
      const buckets = new Array<number>(16).fill(0);
      for (const value of uniform) buckets[Math.floor(value * 16)] = (buckets[Math.floor(value * 16)] ?? 0) + 1;
      const chiSquare = buckets.reduce((sum, count) => sum + (count - 1250) ** 2 / 1250, 0);
      expect(chiSquare).toBeLessThan(45);
      const normal = randomStream(seed, 'n').normal(20_001, 3, 2);
      const center = normal.reduce((sum, value) => sum + value, 0) / normal.length;
      const variance = normal.reduce((sum, value) => sum + (value - center) ** 2, 0) / normal.length;
      expect(Math.abs(center - 3)).toBeLessThan(0.06);
      expect(Math.abs(variance - 4)).toBeLessThan(0.2);
    }
  });

  it('has no correlation between streams of neighbouring steps', () => {
    const [a, b] = [randomStream(1, 'dropout', 5).uniform(10_000), randomStream(1, 'dropout', 6).uniform(10_000)];
    const covariance = a.reduce((sum, value, i) => sum + (value - 0.5) * ((b[i] as number) - 0.5), 0) / a.length;
    expect(Math.abs(covariance * 12)).toBeLessThan(0.04);
  });

  it('permutes: every number once, each position about as often', () => {
    expect([...randomStream(1, 'p').permutation(50)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, i) => i),
    );
    const firsts = new Array<number>(5).fill(0);
    for (let i = 0; i < 2000; i++) {
      const first = randomStream(i, 'p').permutation(5)[0] as number;
      firsts[first] = (firsts[first] ?? 0) + 1;
    }
    for (const count of firsts) expect(Math.abs(count - 400)).toBeLessThan(80);
    expect([...randomStream(1, 'p').permutation(0)]).toEqual([]);
  });
});

describe('draws inside a forward', () => {
  it('are keyed by seed, step, module and how often it drew', () => {
    const run = (seed: number, step: number) =>
      withRandom(randomContext(seed, step), () => ['a', 'a', 'b'].map((path) => currentRandom(path).next()));
    expect(run(1, 0)).toEqual(run(1, 0));
    const all = [...run(1, 0), ...run(1, 1), ...run(2, 0)];
    expect(new Set(all).size).toBe(9);
  });

  it('can be remembered and made again, and nest, also when something throws', () => {
    manualSeed(3);
    currentRandom('m');
    const remembered = rememberRandom();
    const first = currentRandom('m').next();
    expect(withRandom(remembered, () => currentRandom('m').next())).toBe(first);
    expect(() =>
      withRandom(randomContext(9), () => {
        throw new Error('no');
      }),
    ).toThrow('no');
    const after = currentRandom('m').next();
    manualSeed(3);
    currentRandom('m');
    currentRandom('m');
    expect(currentRandom('m').next()).toBe(after);
  });
});
