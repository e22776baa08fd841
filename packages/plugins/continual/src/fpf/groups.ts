import { BufferTensor, type Module, type Parameter, type PluginContext, pathMatcher } from '@tapgrad/core';
import { BatchNorm2d, Embedding, LayerNorm, Linear, RMSNorm } from '@tapgrad/nn';
import type { GroupType } from './options.ts';

type AnyModule = ReturnType<PluginContext<unknown>['modules']>[number];
type State = Parameter | BufferTensor;

/** Parameters, or running statistics, that are measured together. */
export interface Group {
  /** A norm's path, a stage's glob, or the name of the only parameter or statistic in it. */
  readonly name: string;
  readonly type: GroupType | 'statistics';
  readonly states: ReadonlyMap<string, State>;
}

interface Owned {
  readonly module: AnyModule;
  readonly states: readonly (readonly [name: string, state: State])[];
}

type Stack = Pick<PluginContext<unknown>, 'modules' | 'trainableParameters'>;

/**
 * Every parameter and statistic of a stack in one group: weight and bias of a norm together, convolution weights by stage
 * if stages are given, each running statistic and each other parameter by itself.
 */
export function groupsOf(stack: Stack, stages: readonly string[] = []): Group[] {
  const owned = ownedStates(stack.modules());
  const last = lastLinear(owned, new Set(stack.trainableParameters().values()));
  const matchers = stages.map((stage) => [stage, pathMatcher(stage)] as const);
  const groups = new Map<string, { type: Group['type']; states: Map<string, State> }>();
  for (const { module, states } of owned) {
    const type = last.has(module) ? 'last-linear' : typeOf(module, states);
    for (const [name, state] of states) {
      const found = state instanceof BufferTensor ? 'statistics' : type;
      const stage =
        found === 'convolution' && state.shape.length === 4 && matchers.find(([, matches]) => matches(name));
      const group = found === 'norm' ? module.path : stage ? stage[0] : name;
      const known = groups.get(group) ?? { type: found, states: new Map() };
      known.states.set(name, state);
      groups.set(group, known);
    }
  }
  return [...groups].map(([name, group]) => ({ name, ...group }));
}

/** Each state with the innermost module that holds it, and under its full name; a shared one once, under its first. */
function ownedStates(modules: readonly AnyModule[]): Owned[] {
  const seen = new Set<State>();
  return modules.map((module) => {
    const inside = new Set<unknown>(module.children().flatMap(([, child]) => [...statesIn(child).values()]));
    const own = [...statesIn(module)].filter(([, state]) => !inside.has(state) && !seen.has(state));
    for (const [, state] of own) seen.add(state);
    return { module, states: own.map(([name, state]) => [module.path ? `${module.path}.${name}` : name, state]) };
  });
}

function statesIn(module: Module<never, unknown>): Map<string, State> {
  return new Map<string, State>([...module.namedParameters(), ...module.namedBuffers()]);
}

function typeOf(module: unknown, states: Owned['states']): GroupType {
  if (module instanceof BatchNorm2d || module instanceof LayerNorm || module instanceof RMSNorm) return 'norm';
  if (module instanceof Embedding) return 'embedding';
  if (states.some(([, { shape }]) => shape.length === 4)) return 'convolution';
  return isLinear(module, states) ? 'linear' : 'other';
}

/** A module of one matrix and no more than a bias beside it. */
function isLinear(module: unknown, states: Owned['states']): boolean {
  if (module instanceof Linear) return true;
  const ranks = states.map(([, { shape }]) => shape.length).sort();
  return ranks.join() === '2' || ranks.join() === '1,2';
}

/** The model's last linear layer; if that does not train, the last of a plugin that does, with its list, as of a head that grows. */
function lastLinear(owned: readonly Owned[], training: ReadonlySet<unknown>): ReadonlySet<AnyModule> {
  const trains = ({ states }: Owned) => states.some(([, state]) => training.has(state));
  const linear = owned.filter(({ module, states }) => typeOf(module, states) === 'linear');
  const ofModel = linear.filter(({ module }) => module.owner === undefined).at(-1);
  const ofPlugin = linear.filter((each) => each.module.owner !== undefined && trains(each)).at(-1);
  const last = ofModel && trains(ofModel) ? ofModel : (ofPlugin ?? ofModel);
  const listOf = ({ module }: Owned) => module.path.replace(/\.\d+$/, '');
  const beside = last === ofPlugin ? linear.filter((each) => last && listOf(each) === listOf(last)) : [last];
  return new Set(beside.flatMap((each) => (each ? [each.module] : [])));
}
