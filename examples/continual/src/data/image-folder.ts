import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TapgradError } from '@tapgrad/core';
import type { ImageSet } from './dataset.ts';
import { decodeImage } from './decode-image.ts';
import { resize } from './resize.ts';
import { checkLabels, list, type SplitOptions, split } from './split.ts';

export interface FolderOptions extends Omit<SplitOptions, 'name'> {
  /** Height and width in pixels that every image gets. */
  readonly size: number;
}

const isImage = (name: string) => /\.(png|jpe?g)$/i.test(name);

/**
 * Images from `folder/<label>/*.png|jpg|jpeg`, resized. Only those that are used are decoded.
 * @throws TapgradError DATASET_INVALID, and IMAGE_UNREADABLE, which names the image
 */
export function readImageFolder(folder: string, { size, ...options }: FolderOptions): ImageSet {
  const found = imagesByLabel(folder);
  const labels = found.map(({ label }) => label);
  if (labels.length === 0) {
    throw new TapgradError({
      code: 'DATASET_INVALID',
      message: `${folder}: no image in a folder of its label`,
      fix: 'put the images (png, jpg, jpeg) into one folder for each label, for example cat/1.png',
    });
  }
  checkLabels(labels, folder);
  const files = found.flatMap(({ paths }, each) => paths.map((path) => ({ path, each })));
  const parts = split(
    files.map(({ each }) => each),
    labels,
    { ...options, name: folder },
  );
  const read = (indices: Int32Array) => {
    const pixels = new Uint8Array(indices.length * size * size * 3);
    indices.forEach((index, row) => {
      const { path } = files[index] as { path: string };
      pixels.set(resize(decodeImage(readFileSync(path), path), size, size), row * size * size * 3);
    });
    return { pixels, classes: indices.map((index) => (files[index] as { each: number }).each) };
  };
  return {
    kind: 'images',
    name: folder,
    labels,
    shape: [size, size, 3],
    train: read(parts.train),
    test: read(parts.test),
    notes: [...leftOut(folder), ...untestedNote(parts.untested.map((each) => labels[each] as string))],
  };
}

/** What to say of labels that cannot be judged. */
export function untestedNote(labels: readonly string[]): string[] {
  return labels.length === 0 ? [] : [`learnt but not tested, as there is a single sample of each: ${list(labels)}`];
}

/** Sorted, so that the same folder gives the same order on every machine. Labels without images are left out. */
function imagesByLabel(folder: string): { label: string; paths: string[] }[] {
  return visible(folder)
    .filter((name) => isFolder(join(folder, name)))
    .map((label) => ({
      label,
      paths: visible(join(folder, label))
        .filter(isImage)
        .map((name) => join(folder, label, name)),
    }))
    .filter(({ paths }) => paths.length > 0);
}

/** Nothing is passed over in silence. */
function leftOut(folder: string): string[] {
  const loose = visible(folder).filter((name) => !isFolder(join(folder, name)));
  const labels = visible(folder).filter((name) => isFolder(join(folder, name)));
  const others = labels.flatMap((label) =>
    visible(join(folder, label))
      .filter((name) => !isImage(name))
      .map((name) => `${label}/${name}`),
  );
  const empty = labels.filter((label) => !visible(join(folder, label)).some(isImage));
  const note = (names: readonly string[], why: string) =>
    names.length > 0 ? [`left out, ${why}: ${list(names)}`] : [];
  return [
    ...note(loose, 'not in a folder of a label'),
    ...note(others, 'neither png, jpg nor jpeg'),
    ...note(empty, 'without images'),
  ];
}

const visible = (folder: string) =>
  readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .sort();
const isFolder = (path: string) => statSync(path).isDirectory();
