import type { Plugin } from 'vite';

/**
 * Turns `Float32Array` into `Float64Array` in the project's own sources, as the float64 engine does in TensorFlow.js's.
 * `globalThis.Float32Array` is left alone: code that reads 32-bit numbers from a file says so that way.
 * Both names have one length, so positions do not move and no source map is needed.
 */
export function float64Sources(): Plugin {
  return {
    name: 'tapgrad:float64-sources',
    enforce: 'pre',
    transform(code, id) {
      if (id.includes('node_modules') || !/\.[cm]?[jt]s$/.test(id.split('?')[0] ?? '')) return null;
      return { code: code.replace(/(?<![.\w$'"`])Float32Array\b/g, 'Float64Array'), map: null };
    },
  };
}
