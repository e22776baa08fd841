import * as v from 'valibot';
import type { OffloadStore } from './store.ts';

const globs = v.union([
  v.pipe(
    v.string(),
    v.transform((glob): readonly string[] => [glob]),
  ),
  v.array(v.string()),
]);
const isStore = (value: unknown) => typeof (value as OffloadStore | undefined)?.open === 'function';
const bytes = v.pipe(v.number(), v.minValue(0));

export const offloadOptions = v.strictObject({
  /** Globs of modules whose saved values stay on the device. */
  keep: v.optional(globs, []),
  /** Globs of modules whose saved values leave it. Default: all that no glob names. */
  offload: v.optional(globs),
  /** Globs of modules that keep their inputs alone and run again in backward. */
  recompute: v.optional(globs, []),
  /** `adaptive`: after the profile, only as much leaves the device as can come and go while the step computes. */
  plan: v.optional(v.picklist(['fixed', 'adaptive']), 'fixed'),
  /** Forwards that `adaptive` looks at before it decides. */
  profile: v.optional(v.pipe(v.number(), v.integer(), v.minValue(2)), 3),
  /** Values with fewer elements stay on the device. */
  smallest: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 16_384),
  /** Bytes that may be away from the device at one time. Default: no limit. */
  budget: v.optional(bytes, Number.POSITIVE_INFINITY),
  /** Whether the module that saved last in the forward before, which backward needs first, keeps what it saves. */
  keepLast: v.optional(v.boolean(), true),
  /** Where values go on from the host's memory: `disk()` of `@tapgrad/offload/disk`. Default: they stay there. */
  store: v.optional(v.custom<OffloadStore>(isStore, 'store must be made by disk() of @tapgrad/offload/disk')),
  /** Bytes that may wait in the host's memory for the disk; beyond that the forward waits. */
  waiting: v.optional(bytes, 64 * 2 ** 20),
});

export type OffloadOptions = v.InferInput<typeof offloadOptions>;
export type CheckedOffloadOptions = v.InferOutput<typeof offloadOptions>;
