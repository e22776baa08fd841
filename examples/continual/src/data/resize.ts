/** An image as bytes, three to a pixel: red, green, blue. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** `[height, width, 3]` */
  readonly pixels: Uint8Array;
}

/** For each pixel of a row or column after resizing: the first that it is made of, and the weights of those from there on. */
interface Source {
  readonly first: number;
  readonly weights: readonly number[];
}

/**
 * Resizes to `[height, width, 3]`, bilinear: a triangle around each pixel's centre. Where the image shrinks the triangle
 * is as wide as the pixels that become one, so that none is passed over. The whole image is kept, its proportions are not.
 */
export function resize({ width, height, pixels }: Picture, toHeight: number, toWidth: number): Uint8Array {
  const across = sources(width, toWidth);
  const down = sources(height, toHeight);
  const narrow = new Float32Array(height * toWidth * 3);
  for (let y = 0; y < height; y++) {
    across.forEach(({ first, weights }, x) => {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (const [k, weight] of weights.entries())
          sum += weight * (pixels[(y * width + first + k) * 3 + channel] as number);
        narrow[(y * toWidth + x) * 3 + channel] = sum;
      }
    });
  }
  const resized = new Uint8Array(toHeight * toWidth * 3);
  down.forEach(({ first, weights }, y) => {
    for (let column = 0; column < toWidth * 3; column++) {
      let sum = 0;
      for (const [k, weight] of weights.entries())
        sum += weight * (narrow[(first + k) * toWidth * 3 + column] as number);
      resized[y * toWidth * 3 + column] = Math.round(sum);
    }
  });
  return resized;
}

function sources(from: number, to: number): Source[] {
  const scale = from / to;
  const reach = Math.max(1, scale);
  return Array.from({ length: to }, (_, index) => {
    const centre = (index + 0.5) * scale - 0.5;
    const first = Math.max(0, Math.ceil(centre - reach));
    const last = Math.min(from - 1, Math.floor(centre + reach));
    const raw = Array.from({ length: last - first + 1 }, (_, k) => 1 - Math.abs(first + k - centre) / reach);
    const total = raw.reduce((sum, weight) => sum + weight, 0);
    return { first, weights: raw.map((weight) => weight / total) };
  });
}
