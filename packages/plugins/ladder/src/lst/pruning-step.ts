/**
 * How the weights of a block follow each other in its forward, in terms of its layers (`attention.qkv`), each with a
 * `weight` `[in, out]` and perhaps a `bias` `[out]`:
 * - `joint`: matrices that read the same input and keep the same outputs (query, key and value; or one alone);
 * - `fused`: the same, side by side in one matrix;
 * - `norm`: a scale and a shift of what passes;
 * - `copy`: a parameter that is not pruned.
 */
export type PruningStep =
  | { readonly kind: 'joint'; readonly layers: readonly string[] }
  | { readonly kind: 'fused'; readonly layer: string; readonly parts: number }
  | { readonly kind: 'norm'; readonly layer: string }
  | { readonly kind: 'copy'; readonly parameter: string };
