import type { RandomStream } from '@tapgrad/core';

/** A random matrix, row-major `[rows, columns]`, whose shorter side is orthonormal: normal vectors made orthogonal one by one. */
export function orthogonalMatrix(rows: number, columns: number, random: RandomStream): Float32Array {
  const count = Math.min(rows, columns);
  const length = Math.max(rows, columns);
  const basis: Float64Array[] = [];
  while (basis.length < count) {
    const vector = Float64Array.from(random.normal(length));
    // Twice, since one pass of Gram-Schmidt loses orthogonality to rounding.
    for (let pass = 0; pass < 2; pass++) for (const other of basis) subtract(vector, other, dot(vector, other));
    const norm = Math.sqrt(dot(vector, vector));
    if (norm > 1e-6) basis.push(vector.map((value) => value / norm));
  }
  const matrix = new Float32Array(rows * columns);
  basis.forEach((vector, i) => {
    vector.forEach((value, j) => {
      matrix[rows >= columns ? j * columns + i : i * columns + j] = value;
    });
  });
  return matrix;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function subtract(target: Float64Array, direction: Float64Array, amount: number): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) - amount * (direction[i] as number);
}
