import { useBackend } from '@tapgrad/backend-auto';
import type { BackendWish, Started } from './messages.ts';

/** Starts the backend that is wished for, and says why it is this one. `auto` is WebGPU where there is a GPU, else wasm. */
export async function startBackend(wish: BackendWish): Promise<Pick<Started, 'backend' | 'reason'>> {
  let why = '';
  const backend = await useBackend({ backend: wish, log: (line) => (why = line) });
  const adapter = backend === 'webgpu' ? ` Adapter: ${await adapterName()}.` : '';
  const reason =
    wish === 'auto' ? why || 'There is a GPU that WebGPU can use.' : 'The address of the page asks for it.';
  return { backend, reason: `${reason}${adapter}` };
}

async function adapterName(): Promise<string> {
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  const { description, vendor, architecture } = adapter?.info ?? {};
  return description || [vendor, architecture].filter(Boolean).join(' ') || 'without a name';
}
