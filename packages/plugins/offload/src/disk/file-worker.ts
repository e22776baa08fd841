/**
 * What the thread runs that reads and writes files, one job after the other. As text: bundles then need no file of its own beside them.
 * A forward is synchronous, so that only another thread can write while it computes.
 *
 * state[0]: 0 waiting, 1 running, 2 done, 3 failed, 4 given up; behind it the error's code.
 */
export const fileWorker = `
const { parentPort } = require('node:worker_threads');
const fs = require('node:fs');
parentPort.on('message', ({ id, kind, path, bytes, state }) => {
  if (Atomics.compareExchange(state, 0, 0, 1) === 0) {
    let outcome = 2;
    try {
      if (kind === 'store') fs.writeFileSync(path, new Uint8Array(bytes));
      else if (kind === 'remove') fs.rmSync(path, { force: true });
      else {
        const target = new Uint8Array(bytes);
        const file = fs.openSync(path, 'r');
        try {
          for (let at = 0; at < target.length; ) {
            const read = fs.readSync(file, target, at, target.length - at, at);
            if (read === 0) throw Object.assign(new Error('the file is too short'), { code: 'EOF' });
            at += read;
          }
        } finally {
          fs.closeSync(file);
        }
      }
    } catch (thrown) {
      outcome = 3;
      try {
        if (kind === 'store') fs.rmSync(path, { force: true });
      } catch {
        // The folder is removed as a whole later.
      }
      const code = String(thrown.code ?? thrown.message).slice(0, 15);
      for (let i = 0; i < code.length; i++) state[1 + i] = code.charCodeAt(i);
    }
    Atomics.store(state, 0, outcome);
    Atomics.notify(state, 0);
  }
  parentPort.postMessage(id);
});
`;
