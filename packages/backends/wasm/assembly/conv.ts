// Convolutions as matrix products: windows are laid out as rows ("im2col"), or rows added back to where they came from.
import { rowAdd } from './rows';
import { batchOf, channelsOf, inPositions, moveWindow, outPositions, placeOf, windowPositions } from './windows';

/** Rows [to - from][taps * channels] of the windows at output positions from … to of one image x; zero in the padding. */
export function imageToRows(g: usize, from: i32, to: i32, x: usize, rows: usize): void {
  const taps = windowPositions(g);
  const bytes = <usize>channelsOf(g) << 2;
  for (let out = from; out < to; out++) {
    moveWindow(g, out);
    for (let tap = 0; tap < taps; tap++) {
      const at = placeOf(g, tap);
      if (at < 0) memory.fill(rows, 0, bytes);
      else memory.copy(rows, x + <usize>at * bytes, bytes);
      rows += bytes;
    }
  }
}

/** The adjoint: adds each row to the places of dx that its window looked at. */
export function rowsToImage(g: usize, from: i32, to: i32, rows: usize, dx: usize): void {
  const taps = windowPositions(g);
  const channels = channelsOf(g);
  const bytes = <usize>channels << 2;
  for (let out = from; out < to; out++) {
    moveWindow(g, out);
    for (let tap = 0; tap < taps; tap++) {
      const at = placeOf(g, tap);
      if (at >= 0) rowAdd(dx + <usize>at * bytes, rows, channels);
      rows += bytes;
    }
  }
}

/** y[i] += a[i] b[i]. */
function rowMultiplyAdd(y: usize, a: usize, b: usize, n: i32): void {
  const end = y + (<usize>n << 2);
  const end4 = y + ((<usize>n & ~3) << 2);
  for (; y < end4; y += 16) {
    v128.store(y, f32x4.add(v128.load(y), f32x4.mul(v128.load(a), v128.load(b))));
    a += 16;
    b += 16;
  }
  for (; y < end; y += 4) {
    store<f32>(y, load<f32>(y) + load<f32>(a) * load<f32>(b));
    a += 4;
    b += 4;
  }
}

/**
 * Gradients of a depthwise convolution with `multiplier` filters a channel: dfilter [taps, channels, multiplier] from x, or, where
 * dfilter is 0, dx from `filter`. Both are zeroed first.
 */
export function depthwiseGrad(g: usize, multiplier: i32, dy: usize, x: usize, dfilter: usize, filter: usize, dx: usize): void {
  const taps = windowPositions(g);
  const channels = channelsOf(g);
  const outs = outPositions(g);
  const inBytes = <usize>channels << 2;
  const outBytes = inBytes * multiplier;
  const imageBytes = <usize>inPositions(g) * inBytes;
  if (dfilter) memory.fill(dfilter, 0, <usize>taps * outBytes);
  else memory.fill(dx, 0, <usize>batchOf(g) * imageBytes);
  for (let b = 0; b < batchOf(g); b++) {
    for (let out = 0; out < outs; out++) {
      moveWindow(g, out);
      for (let tap = 0; tap < taps; tap++) {
        const at = placeOf(g, tap);
        if (at < 0) continue;
        const tapOffset = <usize>tap * outBytes;
        const inOffset = <usize>b * imageBytes + <usize>at * inBytes;
        if (multiplier == 1) {
          if (dfilter) rowMultiplyAdd(dfilter + tapOffset, x + inOffset, dy, channels);
          else rowMultiplyAdd(dx + inOffset, filter + tapOffset, dy, channels);
        } else if (dfilter) {
          outerAdd(dfilter + tapOffset, x + inOffset, dy, channels, multiplier);
        } else {
          innerAdd(dx + inOffset, filter + tapOffset, dy, channels, multiplier);
        }
      }
      dy += outBytes;
    }
  }
}

/** y[c][m] += x[c] dy[c][m]. */
function outerAdd(y: usize, x: usize, dy: usize, channels: i32, multiplier: i32): void {
  for (let c = 0; c < channels; c++) {
    const value = load<f32>(x + (c << 2));
    for (let m = 0; m < multiplier; m++) {
      const at = <usize>(c * multiplier + m) << 2;
      store<f32>(y + at, load<f32>(y + at) + value * load<f32>(dy + at));
    }
  }
}

/** y[c] += sum over m of filter[c][m] dy[c][m]. */
function innerAdd(y: usize, filter: usize, dy: usize, channels: i32, multiplier: i32): void {
  for (let c = 0; c < channels; c++) {
    let sum = load<f32>(y + (c << 2));
    for (let m = 0; m < multiplier; m++) {
      const at = <usize>(c * multiplier + m) << 2;
      sum += load<f32>(filter + at) * load<f32>(dy + at);
    }
    store<f32>(y + (c << 2), sum);
  }
}

/** y [batch, outs, channels, multiplier] of a depthwise convolution. */
export function depthwise(g: usize, multiplier: i32, x: usize, filter: usize, y: usize): void {
  const taps = windowPositions(g);
  const channels = channelsOf(g);
  const outs = outPositions(g);
  const inBytes = <usize>channels << 2;
  const outBytes = inBytes * multiplier;
  for (let b = 0; b < batchOf(g); b++) {
    for (let out = 0; out < outs; out++) {
      moveWindow(g, out);
      memory.fill(y, 0, outBytes);
      for (let tap = 0; tap < taps; tap++) {
        const at = placeOf(g, tap);
        if (at < 0) continue;
        for (let c = 0; c < channels; c++) {
          const value = load<f32>(x + <usize>at * inBytes + (c << 2));
          for (let m = 0; m < multiplier; m++) {
            const index = <usize>(c * multiplier + m) << 2;
            store<f32>(y + index, load<f32>(y + index) + value * load<f32>(filter + <usize>tap * outBytes + index));
          }
        }
      }
      y += outBytes;
    }
    x += <usize>inPositions(g) * inBytes;
  }
}
