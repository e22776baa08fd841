// Everything that a page may import.
import * as auto from '@tapgrad/backend-auto';
import * as meta from '@tapgrad/backend-meta';
import * as wasm from '@tapgrad/backend-wasm';
import * as webgpu from '@tapgrad/backend-webgpu';
import * as core from '@tapgrad/core';
import * as ladder from '@tapgrad/ladder';
import * as nn from '@tapgrad/nn';
import * as train from '@tapgrad/train';

/** The number of exports of each package. */
export function exportCounts() {
  return Object.fromEntries(
    Object.entries({ auto, core, ladder, meta, nn, train, wasm, webgpu }).map(([name, module]) => [
      name,
      Object.keys(module).length,
    ]),
  );
}
