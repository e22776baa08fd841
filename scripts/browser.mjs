// `npm run browser [-- options]`: sets the workspace up if needed, builds the pages of examples/browser and serves them.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { say } from './lib/commands.mjs';
import { root } from './lib/packages.mjs';
import { once } from './lib/stamps.mjs';
import { setUp } from './setup.mjs';

const { values } = parseArgs({
  options: {
    build: { type: 'boolean', default: false },
    dev: { type: 'boolean', default: false },
    port: { type: 'string', default: '4173' },
    host: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const example = 'examples/browser';
const folder = join(root, example);

if (values.help) {
  say(`npm run browser --                build the pages, serve them at http://localhost:4173
  --build        only build, to ${example}/dist
  --dev          serve the sources, without the content security policy, and reload when they change
  --port NUMBER  instead of 4173
  --host         serve to other devices of the network, too (WebGPU is there over https alone)`);
} else {
  await setUp();
  const { build, createServer, preview } = await import('vite');
  const address = { port: Number(values.port), host: values.host };
  if (values.dev) {
    const server = await createServer({ root: folder, server: address });
    await server.listen();
    server.printUrls();
  } else {
    const inputs = [example, 'packages', 'benchmarks/src/step', 'pnpm-lock.yaml'];
    // Whatever the caller's is, as that of a test runner: it goes into what is built.
    process.env.NODE_ENV = 'production';
    const valid = () => existsSync(join(folder, 'dist/index.html'));
    await once('example-browser', inputs, { valid }, () => build({ root: folder, logLevel: 'warn' }));
    if (values.build) say(`built: ${example}/dist, files that any server can serve (headers: ${example}/README.md)`);
    else (await preview({ root: folder, preview: address })).printUrls();
  }
}
