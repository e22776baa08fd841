/** What one forward's profile says of a module, in forward order. */
export interface ModuleProfile {
  readonly path: string;
  /** Bytes of what it saved, every buffer once. */
  readonly bytes: number;
  /** When it first saved something, in seconds since the forward began. */
  readonly start: number;
}

/** Bytes a second that can leave the device: deduplicated bytes over the time of input and output in forward. */
export function usableBandwidth(bytes: number, seconds: number): number {
  return seconds > 0 ? bytes / seconds : Number.POSITIVE_INFINITY;
}

/**
 * SSDTrain's adaptive plan: the modules whose values may leave the device, which are the first ones of the forward. Until the
 * backward of module m begins there is the rest of the forward and, at twice its time, the backward of all behind m: 3T − 2t
 * seconds, in which the v bytes of the modules before m, and m's own v_m there and back, must pass:
 *
 *     (v + 2·v_m) / (3·T − 2·t) ≤ B
 *
 * The first module that breaks this, and all behind it, are kept.
 * @param forward T, in seconds
 * @param bandwidth B, in bytes a second
 */
export function offloadable(modules: readonly ModuleProfile[], forward: number, bandwidth: number): string[] {
  let volume = 0;
  const cut = modules.findIndex(({ bytes, start }) => {
    const breaks = volume + 2 * bytes > bandwidth * (3 * forward - 2 * start);
    volume += bytes;
    return breaks;
  });
  return modules.slice(0, cut < 0 ? modules.length : cut).map(({ path }) => path);
}
