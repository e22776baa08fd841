/** Where values are kept that leave the device: the host's memory, or files. */
export type OffDevicePlace = 'host' | 'disk';

/** Bytes by place. */
export type OffDeviceBytes = Readonly<Record<OffDevicePlace, number>>;

/**
 * Counts what is kept outside the device's memory until backward needs it. A ledger reports it apart: none of it is part of
 * the device's bytes or their peak.
 */
export class OffDeviceCount {
  private readonly held = { host: 0, disk: 0 };
  private highest = { host: 0, disk: 0 };

  add(place: OffDevicePlace, bytes: number): void {
    this.held[place] += bytes;
    this.highest[place] = Math.max(this.highest[place], this.held[place]);
  }

  /** Bytes now. */
  now(): OffDeviceBytes {
    return { ...this.held };
  }

  /** The most bytes at each place since the ledger opened, or since its `resetPeak`, each at its own time. */
  most(): OffDeviceBytes {
    return { ...this.highest };
  }

  /** @internal */
  reset(): void {
    this.highest = { ...this.held };
  }
}
