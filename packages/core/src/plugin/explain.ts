import type { PluginHandle } from './handle.ts';
import type { Stack } from './stack.ts';

/** The text of `stack.explain()`. */
export function explain(stack: Stack<unknown>): string {
  const all = [...stack.namedParameters().values()].reduce((sum, parameter) => sum + parameter.size, 0);
  const training = [...stack.trainableParameters().values()].reduce((sum, parameter) => sum + parameter.size, 0);
  const lines = [
    `model: ${count(all)} parameters, ${count(training)} train (${percent(training, all)})`,
    stack.handles.length === 0 ? 'no plugins' : 'plugins, in the order in which they run:',
    ...stack.handles.flatMap((handle, index) => describe(stack, handle, index)),
  ];
  if (stack.reasons.length > 0) {
    lines.push('why this order:', ...stack.reasons.map(({ first, next, why }) => `  ${first} before ${next}: ${why}`));
  } else if (stack.handles.length > 1) lines.push('why this order: as given; no plugin declares another');
  return lines.join('\n');
}

function describe(stack: Stack<unknown>, handle: PluginHandle, index: number): string[] {
  const { version, reads = [], writes = [], transforms = [], lossy } = handle.definition.declaration;
  const hooks = stack.hooks.all().filter((hook) => hook.plugins.includes(handle.plugin));
  const taps = stack.hooks.taps.patternsOf(handle.plugin);
  const added = [...handle.namedParameters().values()].reduce((sum, parameter) => sum + parameter.size, 0);
  const row = (title: string, items: readonly string[]) =>
    items.length > 0 ? [`     ${title}: ${items.join(', ')}`] : [];
  return [
    `  ${index + 1}. ${handle.plugin}${version ? ` ${version}` : ''}${handle.enabled ? '' : ' (disabled)'}`,
    ...row(
      'adds',
      added > 0
        ? [`${count(added)} parameters in ${[...handle.modules.keys(), ...handle.parameters.keys()].join(', ')}`]
        : [],
    ),
    ...row('taps', [...new Set(taps)]),
    ...row('hooks', [
      ...hooks.map((hook) => hook.name),
      ...(handle.filters.length > 0 ? ['filter of what trains'] : []),
    ]),
    ...row('reads', reads),
    ...row('writes', writes),
    ...row('transforms', transforms),
    ...row('lossy', lossy ? [lossy.bound] : []),
  ];
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}

function percent(part: number, whole: number): string {
  return `${whole === 0 ? 0 : Number(((100 * part) / whole).toPrecision(3))} %`;
}
