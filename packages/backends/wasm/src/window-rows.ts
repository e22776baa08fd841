import { outPositions, tapsOf, type WindowInfo, withGeometry } from './geometry.ts';
import type { Heap } from './heap.ts';

/** Bytes of scratch that windows laid out as rows may take. */
const ROWS_LIMIT = 1 << 22;

/** Output positions whose windows are laid out as rows together: a part of one image, or several images whole. */
interface Block {
  /** Address of the rows. */
  readonly rows: number;
  /** Index of the first position, counted through all images. */
  readonly first: number;
  readonly count: number;
  /** Calls `use` with the geometry, positions, image and rows of each image in turn. */
  eachImage(use: (geometry: number, from: number, to: number, image: number, rows: number) => void): void;
}

/** Calls `use` for block after block. Small images share one: a product over few rows would spend its time on packing the filter. */
export function forBlocks(heap: Heap, info: WindowInfo, use: (block: Block) => void): void {
  const positions = outPositions(info);
  const total = info.batchSize * positions;
  const rowBytes = 4 * tapsOf(info) * info.inChannels;
  const limit = Math.max(1, Math.floor(ROWS_LIMIT / rowBytes));
  const size = limit < positions ? limit : Math.floor(limit / positions) * positions;
  if (total === 0) return;
  withGeometry(heap, info, (geometry) =>
    heap.scratch(Math.min(size, total) * rowBytes, (rows) => {
      let count: number;
      for (let first = 0; first < total; first += count) {
        // A block that is smaller than an image ends with it.
        const rest = size < positions ? positions - (first % positions) : total - first;
        count = Math.min(size, rest);
        const end = first + count;
        const start = first;
        use({
          rows,
          first,
          count,
          eachImage(each) {
            for (let at = start; at < end; ) {
              const image = Math.floor(at / positions);
              const next = Math.min(end, (image + 1) * positions);
              each(geometry, at - image * positions, next - image * positions, image, rows + (at - start) * rowBytes);
              at = next;
            }
          },
        });
      }
    }),
  );
}
