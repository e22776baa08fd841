import { describe, expect, it } from 'vitest';
import { parseSynsets, readWordNet, supersenses } from './wordnet.ts';

describe('WordNet glosses', () => {
  it('keeps the definition and drops usage examples and licence lines', () => {
    const lines = [
      '  1 This software and database is being provided to you',
      '00002684 03 n 02 object 0 physical_object 0 001 @ 00001930 n 0000 | a tangible entity; an entity that can cast a shadow; "full of objects"  ',
      '00001740 29 v 01 breathe 0 000 | draw air into the lungs  ',
    ];
    expect(parseSynsets(lines.join('\n'))).toEqual([
      { text: 'a tangible entity; an entity that can cast a shadow', label: 'noun.Tops' },
      { text: 'draw air into the lungs', label: 'verb.body' },
    ]);
  });

  it('reads all 117,791 synsets of 45 classes but those that have only usage examples', () => {
    const examples = readWordNet();
    expect(examples.length).toBeGreaterThan(117_700);
    expect(new Set(examples.map(({ label }) => label))).toEqual(new Set(supersenses));
  });
});
