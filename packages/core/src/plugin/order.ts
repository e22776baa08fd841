import { satisfies } from 'compare-versions';
import { TapgradError } from '../errors.ts';
import { coreVersion } from '../version.ts';
import type { PluginDeclaration } from './define-plugin.ts';

/** Why one plugin runs before another. */
export interface OrderReason {
  readonly first: string;
  readonly next: string;
  readonly why: string;
}

export interface PluginOrder<P> {
  readonly order: readonly P[];
  readonly reasons: readonly OrderReason[];
}

/**
 * Sorts plugins by what they declare; where nothing is declared, the caller's order stands.
 * @throws TapgradError PLUGIN_DUPLICATE, PLUGIN_VERSION, PLUGIN_UNKNOWN, PLUGIN_CONFLICT, PLUGIN_WRITERS, PLUGIN_CYCLE
 */
export function orderPlugins<P extends { readonly declaration: PluginDeclaration }>(
  plugins: readonly P[],
): PluginOrder<P> {
  const byName = new Map<string, P>();
  for (const plugin of plugins) {
    const { name } = plugin.declaration;
    if (byName.has(name)) {
      throw new TapgradError({
        code: 'PLUGIN_DUPLICATE',
        message: `two plugins are named ${name}`,
        plugin: name,
        fix: 'attach it once; to use it twice, give the second definition another name',
      });
    }
    byName.set(name, plugin);
  }
  const declarations = plugins.map((plugin) => plugin.declaration);
  for (const declaration of declarations) checkVersion(declaration);
  checkConflicts(declarations);
  checkWriters(declarations);
  const reasons = declarations.flatMap((declaration) => reasonsOf(declaration, declarations));
  return { order: sorted(declarations, reasons).map((name) => byName.get(name) as P), reasons };
}

function checkVersion({ name, requires }: PluginDeclaration): void {
  if (!requires?.core || satisfies(coreVersion, requires.core)) return;
  throw new TapgradError({
    code: 'PLUGIN_VERSION',
    message: `it requires @tapgrad/core ${requires.core}, and this is ${coreVersion}`,
    plugin: name,
    fix: 'install versions that fit each other',
  });
}

function checkConflicts(declarations: readonly PluginDeclaration[]): void {
  for (const { name, conflicts = [] } of declarations) {
    const named = conflicts.map((each) => (typeof each === 'string' ? { plugin: each, why: undefined } : each));
    const found = named.find(({ plugin }) => declarations.some((each) => each.name === plugin));
    if (!found) continue;
    throw new TapgradError({
      code: 'PLUGIN_CONFLICT',
      message: `${name} cannot be attached together with ${found.plugin}${found.why === undefined ? '' : `: ${found.why}`}`,
      plugin: name,
      fix: `leave out ${name} or ${found.plugin}`,
    });
  }
}

function checkWriters(declarations: readonly PluginDeclaration[]): void {
  const writers = new Map<string, string>();
  for (const { name, writes = [] } of declarations) {
    for (const capability of writes) {
      const other = writers.get(capability);
      if (other !== undefined) {
        throw new TapgradError({
          code: 'PLUGIN_WRITERS',
          message: `${other} and ${name} both write ${capability}`,
          plugin: name,
          fix: `leave out one of them; only one plugin can decide ${capability}`,
        });
      }
      writers.set(capability, name);
    }
  }
}

function reasonsOf(declaration: PluginDeclaration, all: readonly PluginDeclaration[]): OrderReason[] {
  const { name, after = [], before = [], reads = [] } = declaration;
  const reasons: OrderReason[] = [];
  const present = (reference: string): string | undefined => {
    const target = reference.replace(/\?$/, '');
    if (all.some((each) => each.name === target)) return target;
    if (reference.endsWith('?')) return undefined;
    throw new TapgradError({
      code: 'PLUGIN_UNKNOWN',
      message: `it is declared to run before or after ${target}, which is not attached`,
      plugin: name,
      fix: `attach ${target}, correct the name (attached: ${all.map((each) => each.name).join(', ')}), or write '${target}?' if it is optional`,
    });
  };
  for (const reference of after) {
    const first = present(reference);
    if (first) reasons.push({ first, next: name, why: `${name} declares after: ${first}` });
  }
  for (const reference of before) {
    const target = present(reference);
    if (target) reasons.push({ first: name, next: target, why: `${name} declares before: ${target}` });
  }
  for (const { name: other, writes = [], transforms = [] } of all) {
    const read = reads.find((capability) => writes.includes(capability) || transforms.includes(capability));
    if (read && other !== name)
      reasons.push({ first: other, next: name, why: `${name} reads ${read}, which ${other} changes` });
  }
  return reasons;
}

/** Kahn's algorithm; among those that may come next, the first in the caller's order does. */
function sorted(declarations: readonly PluginDeclaration[], reasons: readonly OrderReason[]): string[] {
  const waiting = declarations.map((declaration) => declaration.name);
  const order: string[] = [];
  while (waiting.length > 0) {
    const blocked = (name: string) => reasons.some(({ first, next }) => next === name && waiting.includes(first));
    const position = waiting.findIndex((name) => !blocked(name));
    if (position < 0) {
      const why = reasons.filter(({ first, next }) => waiting.includes(first) && waiting.includes(next));
      throw new TapgradError({
        code: 'PLUGIN_CYCLE',
        message: `no order satisfies ${waiting.join(', ')}: ${why.map((reason) => reason.why).join('; ')}`,
        plugin: waiting[0],
        fix: 'remove one of these declarations',
      });
    }
    order.push(...waiting.splice(position, 1));
  }
  return order;
}
