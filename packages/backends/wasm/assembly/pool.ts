// Maxima over windows, plain (pools) or of x + filter (grey-scale dilation), with their gradients.
import { batchOf, channelsOf, inPositions, moveWindow, outPositions, placeOf, windowPositions } from './windows';

/**
 * Place in the window, or -1 if all is padding, of the largest x + filter in the window for one channel; `filter` is 0 or
 * [taps, channels]. Of equal ones the first, or with `last` the last.
 */
@inline
function maximumTap(g: usize, image: usize, filter: usize, channel: i32, last: bool): i32 {
  const taps = windowPositions(g);
  const channels = channelsOf(g);
  let best: f32 = 0;
  let found = -1;
  for (let tap = 0; tap < taps; tap++) {
    const at = placeOf(g, tap);
    if (at < 0) continue;
    let value = load<f32>(image + (<usize>(at * channels + channel) << 2));
    if (filter) value += load<f32>(filter + (<usize>(tap * channels + channel) << 2));
    if (found < 0 || value > best || (last && value == best)) {
      best = value;
      found = tap;
    }
  }
  return found;
}

/** `maximumTap` for four neighbouring channels. */
@inline
function maximumTaps4(g: usize, image: usize, filter: usize, channel: i32, last: bool): v128 {
  const taps = windowPositions(g);
  const channels = channelsOf(g);
  let best = f32x4.splat(0);
  let found = i32x4.splat(-1);
  for (let tap = 0; tap < taps; tap++) {
    const at = placeOf(g, tap);
    if (at < 0) continue;
    let value = v128.load(image + (<usize>(at * channels + channel) << 2));
    if (filter) value = f32x4.add(value, v128.load(filter + (<usize>(tap * channels + channel) << 2)));
    const larger = last ? f32x4.ge(value, best) : f32x4.gt(value, best);
    const better = v128.or(larger, i32x4.lt_s(found, i32x4.splat(0)));
    best = v128.bitselect(value, best, better);
    found = v128.bitselect(i32x4.splat(tap), found, better);
  }
  return found;
}

/** Adds `value` where place `tap` of the window, in one channel, came from: to dx of this image or, if it is 0, to dfilter. */
@inline
function addTo(g: usize, tap: i32, channel: i32, value: f32, dx: usize, dfilter: usize): void {
  if (tap < 0) return;
  const channels = channelsOf(g);
  const at = dx ? dx + (<usize>(placeOf(g, tap) * channels + channel) << 2) : dfilter + (<usize>(tap * channels + channel) << 2);
  store<f32>(at, load<f32>(at) + value);
}

/**
 * y: the maxima, and, if `positions` is not 0, where they are: indices into the image, or into the whole batch with
 * `includeBatch`.
 */
export function maxPool(g: usize, x: usize, filter: usize, y: usize, positions: usize, includeBatch: bool): void {
  const channels = channelsOf(g);
  const outs = outPositions(g);
  const imageSize = inPositions(g) * channels;
  for (let b = 0; b < batchOf(g); b++) {
    const image = x + (<usize>(b * imageSize) << 2);
    for (let out = 0; out < outs; out++) {
      moveWindow(g, out);
      for (let c = 0; c < channels; c++) {
        const tap = maximumTap(g, image, filter, c, false);
        const index = tap < 0 ? 0 : placeOf(g, tap) * channels + c;
        let value = load<f32>(image + (<usize>index << 2));
        if (filter) value += load<f32>(filter + (<usize>(max(tap, 0) * channels + c) << 2));
        store<f32>(y, value);
        y += 4;
        if (positions) {
          store<i32>(positions, includeBatch ? b * imageSize + index : index);
          positions += 4;
        }
      }
    }
  }
}

/** Adds dy to the places of dx, or of dfilter [taps, channels] if dx is 0, that gave the maxima. Zeroes them first. */
export function maxPoolGrad(g: usize, dy: usize, x: usize, filter: usize, dx: usize, dfilter: usize, last: bool): void {
  const channels = channelsOf(g);
  const outs = outPositions(g);
  const imageSize = inPositions(g) * channels;
  if (dx) memory.fill(dx, 0, <usize>(batchOf(g) * imageSize) << 2);
  else memory.fill(dfilter, 0, <usize>(windowPositions(g) * channels) << 2);
  for (let b = 0; b < batchOf(g); b++) {
    const image = <usize>(b * imageSize) << 2;
    const target = dx ? dx + image : 0;
    for (let out = 0; out < outs; out++) {
      moveWindow(g, out);
      let c = 0;
      for (; c + 4 <= channels; c += 4) {
        const found = maximumTaps4(g, x + image, filter, c, last);
        addTo(g, i32x4.extract_lane(found, 0), c, load<f32>(dy), target, dfilter);
        addTo(g, i32x4.extract_lane(found, 1), c + 1, load<f32>(dy, 4), target, dfilter);
        addTo(g, i32x4.extract_lane(found, 2), c + 2, load<f32>(dy, 8), target, dfilter);
        addTo(g, i32x4.extract_lane(found, 3), c + 3, load<f32>(dy, 12), target, dfilter);
        dy += 16;
      }
      for (; c < channels; c++) {
        addTo(g, maximumTap(g, x + image, filter, c, last), c, load<f32>(dy), target, dfilter);
        dy += 4;
      }
    }
  }
}

/** y: the means over what of each window is not padding. */
export function averagePool(g: usize, x: usize, y: usize): void {
  const channels = channelsOf(g);
  const taps = windowPositions(g);
  const outs = outPositions(g);
  const imageBytes = <usize>(inPositions(g) * channels) << 2;
  for (let b = 0; b < batchOf(g); b++) {
    for (let out = 0; out < outs; out++) {
      moveWindow(g, out);
      for (let c = 0; c < channels; c++) {
        let sum: f32 = 0;
        let count: f32 = 0;
        for (let tap = 0; tap < taps; tap++) {
          const at = placeOf(g, tap);
          if (at < 0) continue;
          sum += load<f32>(x + (<usize>(at * channels + c) << 2));
          count += 1;
        }
        store<f32>(y, sum / count);
        y += 4;
      }
    }
    x += imageBytes;
  }
}
