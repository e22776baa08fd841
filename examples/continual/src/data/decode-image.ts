import { TapgradError } from '@tapgrad/core';
import { convertIndexedToRgb, type DecodedPng, decode as decodePng, hasPngSignature } from 'fast-png';
import { decode as decodeJpeg } from 'jpeg-js';
import type { Picture } from './resize.ts';

/**
 * Decodes a PNG of any kind or a JPEG, by its content, whatever its name. What is transparent is laid on white.
 * @throws TapgradError IMAGE_UNREADABLE, which names the file
 */
export function decodeImage(bytes: Uint8Array, path: string): Picture {
  try {
    if (hasPngSignature(bytes)) return fromPng(decodePng(bytes));
    if (bytes[0] === 0xff && bytes[1] === 0xd8) {
      const { width, height, data } = decodeJpeg(bytes, { useTArray: true, formatAsRGBA: false });
      return { width, height, pixels: data };
    }
  } catch (cause) {
    throw unreadable(path, (cause instanceof Error ? cause.message : String(cause)).replace(/\W+$/, ''), cause);
  }
  throw unreadable(path, bytes.length === 0 ? 'the file is empty' : 'it is neither PNG nor JPEG');
}

function fromPng(image: DecodedPng): Picture {
  const { width, height, depth, palette } = image;
  const values = palette ? convertIndexedToRgb(image) : depth < 8 ? unpacked(image) : image.data;
  const channels = values.length / (width * height);
  const most = 2 ** (palette ? 8 : depth) - 1;
  const pixels = new Uint8Array(width * height * 3);
  const colours = channels > 2 ? 3 : 1;
  for (let pixel = 0; pixel < width * height; pixel++) {
    const at = pixel * channels;
    const alpha = channels > colours ? (values[at + colours] as number) / most : 1;
    for (let channel = 0; channel < 3; channel++) {
      const value = (values[at + (colours === 3 ? channel : 0)] as number) / most;
      pixels[pixel * 3 + channel] = Math.round(255 * (value * alpha + 1 - alpha));
    }
  }
  return { width, height, pixels };
}

/** Grey values of 1, 2 or 4 bits, which the decoder leaves packed: every row begins at a byte of its own. */
function unpacked({ width, height, depth, data }: DecodedPng): Uint8Array {
  const rowBytes = Math.ceil((width * depth) / 8);
  return Uint8Array.from({ length: width * height }, (_, pixel) => {
    const [row, bit] = [Math.floor(pixel / width), (pixel % width) * depth];
    const byte = data[row * rowBytes + (bit >> 3)] as number;
    return (byte >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
  });
}

function unreadable(path: string, why: string, cause?: unknown): TapgradError {
  return new TapgradError({
    code: 'IMAGE_UNREADABLE',
    message: `${path} cannot be read: ${why}`,
    fix: 'repair the file, or take it out of the folder',
    ...(cause === undefined ? {} : { cause }),
  });
}
