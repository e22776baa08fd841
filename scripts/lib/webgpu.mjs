import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { output } from './commands.mjs';

// Mesa's drivers want a folder of their own there, and warn without one.
process.env.XDG_RUNTIME_DIR ??= mkdtempSync(join(tmpdir(), 'tapgrad-runtime-'));

/** Why WebGPU cannot be tested in Node here; undefined if it can. Asked in a process of its own, as a driver may crash. */
export async function noWebgpu() {
  const folder = fileURLToPath(new URL('../../packages/backends/webgpu', import.meta.url));
  const program = `
    const { create } = await import('webgpu');
    const adapter = await create([]).requestAdapter();
    if (!adapter) throw new Error('no adapter');`;
  const { code, text } = await output(process.execPath, ['--input-type=module', '--eval', program], { cwd: folder });
  if (code === 0) return undefined;
  return `no WebGPU adapter in Node (${text.match(/Error: (.*)/)?.[1] ?? `code ${code}`}); Mesa's lavapipe is one (mesa-vulkan-drivers 23 or later)`;
}
