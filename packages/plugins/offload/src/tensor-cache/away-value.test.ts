import { type HostTransfer, OffDeviceCount } from '@tapgrad/core';
import { expectNoLeak } from '@tapgrad/testing';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { AwayValue } from './away-value.ts';

const buffers = () => tf.memory().numDataBuffers;
const services = () => {
  const log: string[] = [];
  return {
    offDevice: new OffDeviceCount(),
    store: undefined,
    departure: { copied: () => void log.push('copied'), left: () => void log.push('left') },
    log,
  };
};

/** Lets values leave the cpu as those of a device do, when `open` is called. */
function delayed() {
  const arrivals: (() => void)[] = [];
  const transfer: HostTransfer = {
    toHost(dataId) {
      let values: tf.TypedArray | undefined;
      const copied = (tf.backend().readSync(dataId) as Float32Array).slice();
      const arrival = new Promise<void>((resolve) => {
        arrivals.push(() => {
          values = copied;
          resolve();
        });
      });
      return {
        get arrived() {
          return values !== undefined;
        },
        get values() {
          return values;
        },
        arrival,
        whenArrived: () => arrival,
        free: () => undefined,
      };
    },
    fromHost(values, shape, dtype) {
      return { dataId: tf.backend().write(values.slice(), [...shape], dtype), shape: [...shape], dtype };
    },
  };
  Object.assign(tf.backend(), transfer);
  const open = () => {
    for (const each of arrivals.splice(0)) each();
  };
  return { open };
}

afterEach(async () => {
  for (const name of ['toHost', 'fromHost']) Reflect.deleteProperty(tf.backend(), name);
  await tf.setBackend('cpu');
});

describe('a value whose store is delayed', () => {
  it('is forwarded from the device while it lives there, and loaded with equal bytes when it does not', async () => {
    const { open } = delayed();
    await expectNoLeak(async () => {
      const value = tf.tensor([1, 2, 3, 4], [2, 2]);
      const given = services();
      const away = new AwayValue(value, given);
      expect(given.offDevice.now()).toEqual({ host: 16, disk: 0 });
      const forwarded = await away.restore();
      expect(forwarded.dataId).toBe(value.dataId);
      tf.dispose([forwarded, value]);
      away.prefetch();
      const coming = away.restore();
      expect(given.log).toEqual([]);
      open();
      const loaded = await coming;
      expect(given.log).toEqual(['copied', 'left']);
      expect(loaded.dataId).not.toBe(value.dataId);
      expect([loaded.shape, [...loaded.dataSync()]]).toEqual([
        [2, 2],
        [1, 2, 3, 4],
      ]);
      loaded.dispose();
      away.discard();
      away.discard();
      expect(given.offDevice.now()).toEqual({ host: 0, disk: 0 });
    });
  });

  it('may be given up meanwhile', async () => {
    const { open } = delayed();
    await expectNoLeak(async () => {
      const value = tf.tensor([1]);
      const given = services();
      const away = new AwayValue(value, given);
      away.discard();
      value.dispose();
      open();
      await new Promise((resolve) => setTimeout(resolve));
      expect([given.log, given.offDevice.now().host]).toEqual([['copied', 'left'], 0]);
    });
  });
});

describe('on a backend that the host can only read late', () => {
  it('the device keeps its copy until the values have come, and gives it to who needs it', async () => {
    tf.registerBackend('late', () => new MathBackendCPU());
    await tf.setBackend('late');
    const value = tf.tensor([1, 2, 3]);
    const away = new AwayValue(value, services());
    const { dataId } = value;
    value.dispose();
    const early = away.restoreNow();
    expect(early.dataId).toBe(dataId);
    early.dispose();
    const before = buffers();
    await new Promise((resolve) => setTimeout(resolve));
    expect(buffers()).toBe(before - 1);
    const late = await away.restore();
    expect([...late.dataSync()]).toEqual([1, 2, 3]);
    late.dispose();
    away.discard();
    const dropped = tf.tensor([4]);
    new AwayValue(dropped, services()).discard();
    dropped.dispose();
    await new Promise((resolve) => setTimeout(resolve));
    expect(buffers()).toBe(before - 1);
    await tf.setBackend('cpu');
    tf.removeBackend('late');
  });
});
