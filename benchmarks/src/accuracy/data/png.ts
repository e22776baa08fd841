import { decode } from 'fast-png';

/** An image with red, green and blue, 0 to 255. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** `[height, width, 3]` */
  readonly pixels: Uint8Array;
}

/** Decodes a PNG file of 8 bits a channel, in colour, grey or with a palette; what is transparent turns white. */
export function readPng(file: Uint8Array): RgbImage {
  const { width, height, data, channels, palette } = decode(file);
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const values = palette ? palette[data[i]!]! : data.subarray(i * channels, (i + 1) * channels);
    const grey = values.length < 3;
    const opacity = (grey ? values[1] : values[3]) ?? 255;
    for (let colour = 0; colour < 3; colour++) {
      const value = values[grey ? 0 : colour]!;
      pixels[3 * i + colour] = Math.round((value * opacity + 255 * (255 - opacity)) / 255);
    }
  }
  return { width, height, pixels };
}
