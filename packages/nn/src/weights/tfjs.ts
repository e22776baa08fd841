import type { Tensor } from '@tensorflow/tfjs-core';
import { decodeGroup, weightGroups } from './manifest.ts';
import { type FileSource, readJson } from './source.ts';

/**
 * Loads every weight of a tfjs graph model or layers model: `model.json` and the shards that its `weightsManifest` names.
 * Weights quantised to uint8, uint16 or float16 are decoded to float32.
 * @param source the model's folder: `folderSource` (Node), `urlSource` or `memorySource`
 * @returns tensors by the model's own weight names, owned by the caller
 * @throws TapgradError `FILE_NOT_FOUND`, `FILE_UNREADABLE`, `WEIGHTS_MANIFEST_INVALID` or `WEIGHTS_SIZE_MISMATCH`; then no tensor is left behind
 */
export async function loadTfjsWeights(
  source: FileSource,
  options: { readonly modelFile?: string } = {},
): Promise<Map<string, Tensor>> {
  const groups = weightGroups(await readJson(source, options.modelFile ?? 'model.json'));
  const shards = await Promise.all(groups.map((group) => Promise.all(group.paths.map((path) => source.read(path)))));
  const tensors = new Map<string, Tensor>();
  try {
    groups.forEach((group, i) => {
      for (const [name, tensor] of decodeGroup(group, shards[i] ?? [])) tensors.set(name, tensor);
    });
  } catch (error) {
    for (const tensor of tensors.values()) tensor.dispose();
    throw error;
  }
  return tensors;
}
