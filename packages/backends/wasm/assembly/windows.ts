// Windows that slide over [batch, depth, height, width, channels]: the geometry of convolutions and pools. 2-D ones have
// depth 1. A geometry is a row of 20 integers in scratch memory, in the order of the functions below, with room for one more per tap.

@inline function field(g: usize, index: i32): i32 { return load<i32>(g + (index << 2)); }

@inline export function batchOf(g: usize): i32 { return field(g, 0); }
@inline export function inDepth(g: usize): i32 { return field(g, 1); }
@inline export function inHeight(g: usize): i32 { return field(g, 2); }
@inline export function inWidth(g: usize): i32 { return field(g, 3); }
@inline export function channelsOf(g: usize): i32 { return field(g, 4); }
@inline export function outDepth(g: usize): i32 { return field(g, 5); }
@inline export function outHeight(g: usize): i32 { return field(g, 6); }
@inline export function outWidth(g: usize): i32 { return field(g, 7); }
@inline export function depthOf(g: usize): i32 { return field(g, 8); }
@inline export function heightOf(g: usize): i32 { return field(g, 9); }
@inline export function widthOf(g: usize): i32 { return field(g, 10); }
@inline function strideDepth(g: usize): i32 { return field(g, 11); }
@inline function strideHeight(g: usize): i32 { return field(g, 12); }
@inline function strideWidth(g: usize): i32 { return field(g, 13); }
@inline function dilationDepth(g: usize): i32 { return field(g, 14); }
@inline function dilationHeight(g: usize): i32 { return field(g, 15); }
@inline function dilationWidth(g: usize): i32 { return field(g, 16); }
@inline function padFront(g: usize): i32 { return field(g, 17); }
@inline function padTop(g: usize): i32 { return field(g, 18); }
@inline function padLeft(g: usize): i32 { return field(g, 19); }

/** Positions of an output image. */
@inline export function outPositions(g: usize): i32 { return outDepth(g) * outHeight(g) * outWidth(g); }
/** Positions of an input image. */
@inline export function inPositions(g: usize): i32 { return inDepth(g) * inHeight(g) * inWidth(g); }
/** Positions inside a window. */
@inline export function windowPositions(g: usize): i32 { return depthOf(g) * heightOf(g) * widthOf(g); }

/** The places that a window looks at, by tap: indices into the image, -1 in the padding. Follows the geometry in memory. */
@inline export function places(g: usize): usize { return g + 80; }
@inline export function placeOf(g: usize, tap: i32): i32 { return load<i32>(places(g) + (tap << 2)); }

/** Fills `places` for output position `out`. */
export function moveWindow(g: usize, out: i32): void {
  const left = (out % outWidth(g)) * strideWidth(g) - padLeft(g);
  const rest = out / outWidth(g);
  const top = (rest % outHeight(g)) * strideHeight(g) - padTop(g);
  const front = (rest / outHeight(g)) * strideDepth(g) - padFront(g);
  let at = places(g);
  for (let kz = 0; kz < depthOf(g); kz++) {
    const z = front + kz * dilationDepth(g);
    for (let ky = 0; ky < heightOf(g); ky++) {
      const y = top + ky * dilationHeight(g);
      const row = (z * inHeight(g) + y) * inWidth(g);
      const outside = <u32>z >= <u32>inDepth(g) || <u32>y >= <u32>inHeight(g);
      for (let kx = 0; kx < widthOf(g); kx++) {
        const x = left + kx * dilationWidth(g);
        store<i32>(at, outside || <u32>x >= <u32>inWidth(g) ? -1 : row + x);
        at += 4;
      }
    }
  }
}
