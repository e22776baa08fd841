import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ImageSet } from './image-set.ts';
import { readPng } from './png.ts';

interface Entry {
  readonly image: string;
  readonly category: string;
  readonly has_img_google: boolean;
}

/** Flags are told by their texts alone; skin tones are five patches of colour. */
const leftOut = new Set(['Flags', 'Component']);

/**
 * 1,636 Noto emoji of 64 x 64 pixels on white with their category, one of eight, out of the npm package
 * `emoji-datasource-google` (MIT; the images are Google's, Apache-2.0).
 */
export function loadEmoji(folder = installedFolder()): ImageSet {
  const entries = (JSON.parse(readFileSync(join(folder, 'emoji.json'), 'utf8')) as Entry[]).filter(
    ({ category, has_img_google }) => has_img_google && !leftOut.has(category),
  );
  const labels = [...new Set(entries.map(({ category }) => category))].sort();
  const images = entries.map(({ image }) => readPng(readFileSync(join(folder, 'img/google/64', image))));
  const [first] = images;
  if (!first || images.some(({ width, height }) => width !== first.width || height !== first.height))
    throw new Error(`${folder} holds no emoji, or some of different sizes`);
  const size = first.pixels.length;
  const pixels = new Uint8Array(images.length * size);
  images.forEach((image, row) => {
    pixels.set(image.pixels, row * size);
  });
  return {
    pixels,
    classes: Uint8Array.from(entries, ({ category }) => labels.indexOf(category)),
    shape: [first.height, first.width, 3],
    labels,
  };
}

function installedFolder(): string {
  return dirname(createRequire(import.meta.url).resolve('emoji-datasource-google/package.json'));
}
