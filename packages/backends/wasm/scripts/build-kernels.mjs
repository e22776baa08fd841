// Compiles assembly/*.ts (AssemblyScript) to src/generated/kernels.ts and copies tfjs's SIMD binary to
// src/generated/tfjs-simd.ts: modules that carry wasm bytes as base64. Does nothing when nothing has changed since the last run.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const sourceFolder = join(root, 'assembly');
const target = join(root, 'src', 'generated', 'kernels.ts');
const binary = join(
  dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')),
  'tfjs-backend-wasm-simd.wasm',
);
const binaryTarget = join(root, 'src', 'generated', 'tfjs-simd.ts');

const options = [
  'index.ts',
  '--baseDir',
  sourceFolder,
  '--outFile',
  'kernels.wasm',
  '--runtime',
  'stub',
  '--importMemory',
  '--noExportMemory',
  '--initialMemory',
  '0',
  '--stackSize',
  '0',
  '--enable',
  'simd',
  '--optimizeLevel',
  '3',
  '--shrinkLevel',
  '0',
  '--noAssert',
  '--use',
  'abort=',
];

function sourceHash() {
  const hash = createHash('sha256')
    .update(JSON.stringify(options))
    .update(readFileSync(fileURLToPath(import.meta.url)))
    .update(readFileSync(binary));
  for (const name of readdirSync(sourceFolder)
    .filter((file) => file.endsWith('.ts'))
    .sort()) {
    hash.update(name).update(readFileSync(join(sourceFolder, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Section ids of a wasm binary (https://webassembly.github.io/spec/core/binary/modules.html). */
function sections(bytes) {
  const ids = [];
  for (let at = 8; at < bytes.length; ) {
    ids.push(bytes[at++]);
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      size |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    at += size;
  }
  return ids;
}

/** The module works in tfjs's heap, so that anything it writes by itself (static data, a start function) would corrupt tensors. */
function assertTouchesNothing(bytes) {
  const present = sections(bytes);
  for (const [id, name] of [
    [8, 'start function'],
    [11, 'data segment'],
  ]) {
    if (present.includes(id)) throw new Error(`the kernels must not contain a ${name}: it would overwrite tensors`);
  }
}

async function compile(extra = []) {
  const { default: asc } = await import('assemblyscript/asc');
  const files = new Map();
  const { error, stderr } = await asc.main([...options, ...extra], {
    readFile: (name, base) => (existsSync(join(base, name)) ? readFileSync(join(base, name), 'utf8') : null),
    writeFile: (name, contents) => void files.set(name, contents),
    listFiles: () => [],
  });
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  return files.get('kernels.wasm');
}

const hash = sourceHash();
if (existsSync(binaryTarget) && existsSync(target) && readFileSync(target, 'utf8').includes(`'${hash}'`))
  process.exit(0);
const bytes = await compile();
// The same with fused multiply-add in the matrix product, for engines that have relaxed SIMD.
const fusedBytes = await compile(['--enable', 'relaxed-simd']);
for (const each of [bytes, fusedBytes]) assertTouchesNothing(each);
mkdirSync(dirname(target), { recursive: true });
writeFileSync(
  target,
  `// Made by scripts/build-kernels.mjs from assembly/*.ts.
export const sourceHash = '${hash}';
export const kernelsBase64 = '${Buffer.from(bytes).toString('base64')}';
export const fusedKernelsBase64 = '${Buffer.from(fusedBytes).toString('base64')}';
`,
);
writeFileSync(
  binaryTarget,
  `// Made by scripts/build-kernels.mjs: dist/tfjs-backend-wasm-simd.wasm of @tensorflow/tfjs-backend-wasm (Apache-2.0).
export const tfjsSimdBase64 = '${readFileSync(binary).toString('base64')}';
`,
);
console.log(`wasm kernels: ${bytes.length} bytes`);
