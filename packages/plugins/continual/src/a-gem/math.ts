import { addN, divNoNan, less, mul, sub, sum, type Tensor, tidy, where, zerosLike } from '@tensorflow/tfjs-core';

/**
 * A-GEM's projection (Chaudhry et al. 2019, arXiv:1812.00420, equation 11): g − (g·r / r·r) r if g·r < 0, else g; all as one
 * vector over the names that both have. Where r is zero, g stays.
 * @returns the gradients of these names, anew
 */
export function projected(
  gradients: ReadonlyMap<string, Tensor>,
  reference: ReadonlyMap<string, Tensor>,
): Map<string, Tensor> {
  const names = [...gradients.keys()].filter((name) => reference.has(name));
  if (names.length === 0) return new Map();
  const of = (map: ReadonlyMap<string, Tensor>, name: string) => map.get(name) as Tensor;
  const made = tidy(() => {
    const along = total(names.map((name) => mul(of(gradients, name), of(reference, name))));
    const square = total(names.map((name) => mul(of(reference, name), of(reference, name))));
    const none = zerosLike(along);
    // g·r < 0 says that r is not zero, but its square may be too small for a number.
    const share = where(less(along, none), divNoNan(along, square), none);
    return names.map((name) => sub(of(gradients, name), mul(share, of(reference, name))));
  });
  return new Map(names.map((name, i) => [name, made[i] as Tensor]));
}

function total(products: readonly Tensor[]): Tensor {
  return addN(products.map((product) => sum(product)));
}
