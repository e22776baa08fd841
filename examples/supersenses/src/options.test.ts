import { describe, expect, it } from 'vitest';
import { methodAbouts, methodList, methodNames, usualMethods } from './options.ts';

describe('the list of methods', () => {
  it('may name some, each once, or all', () => {
    expect(methodList('ladder, head,ladder')).toEqual(['ladder', 'head']);
    expect(methodList('all')).toEqual(Object.keys(methodAbouts));
    expect(methodList('full,all')).toEqual(['full', ...methodNames.filter((name) => name !== 'full')]);
  });

  it('is the usual three without being asked, and refuses what there is not', () => {
    expect(usualMethods).toEqual(['head', 'full', 'ladder']);
    expect(() => methodList('lora')).toThrow(/unknown method "lora"; choose among head, .*, or all/);
  });
});
