import { type PluginContext, TapgradError } from '@tapgrad/core';
import { Linear } from '@tapgrad/nn';
import { Tensor } from '@tensorflow/tfjs-core';

type Context = Pick<PluginContext<unknown>, 'hooks' | 'model' | 'parameters' | 'filterTrainable'>;

/** The linear layer that a model ends with. */
export interface ModelHead {
  /** Path of its module. */
  readonly path: string;
  /** Width of the features that it takes. */
  readonly width: number;
  readonly bias: boolean;
}

/** What the last layer is called in the models of `@tapgrad/nn`, and in most others. */
const usualNames = ['head', 'fc', 'classifier'];

/**
 * The module that is named, or the linear layer that the model ends with: the one called `head`, `fc` or `classifier`, or
 * else the last of its modules if that is a linear layer.
 * @throws TapgradError HEAD_UNKNOWN, HEAD_MISSING, HEAD_AMBIGUOUS
 */
export function findHead({ model }: Pick<Context, 'model'>, named?: string): ModelHead {
  const modules = model.namedModules();
  const linears = [...modules].flatMap(([path, module]) => (module instanceof Linear ? [path] : []));
  const known = linears.length > 0 ? `linear layers are ${linears.join(', ')}` : 'it has no linear layer';
  if (named !== undefined) {
    if (linears.includes(named)) return shapeOf(named, modules.get(named) as unknown as Linear);
    throw new TapgradError({
      code: 'HEAD_UNKNOWN',
      message: `the model has no linear layer ${named}: ${known}`,
      fix: 'name the linear layer whose output are the logits with `head`',
    });
  }
  const usual = linears.filter((path) => usualNames.includes(path));
  const path = usual.length > 0 ? usual : lastLinear(model as never);
  const [only] = path;
  if (only !== undefined && path.length === 1) return shapeOf(only, modules.get(only) as unknown as Linear);
  const message = `which linear layer gives the model's logits cannot be told: ${known}`;
  const fix = 'name it with `head`, or build the model with a classifier';
  if (usual.length > 0) throw new TapgradError({ code: 'HEAD_AMBIGUOUS', message, fix });
  throw new TapgradError({ code: 'HEAD_MISSING', message, fix });
}

/** Path of the last module of all, if that is a linear layer. */
function lastLinear(module: Parameters<typeof childrenOf>[0], path = ''): string[] {
  const [name, child] = childrenOf(module).at(-1) ?? [];
  if (name === undefined || !child) return module instanceof Linear && path !== '' ? [path] : [];
  return lastLinear(child, path === '' ? name : `${path}.${name}`);
}

/** Modules inside with parameters: an activation behind the last layer is no layer. */
function childrenOf(module: Context['model']): [string, Context['model']][] {
  return (module.children() as [string, Context['model']][]).filter(([, child]) => child.namedParameters().size > 0);
}

function shapeOf(path: string, { inFeatures, bias }: Linear): ModelHead {
  return { path, width: inFeatures, bias: bias !== undefined };
}

/**
 * Puts what `make` gives of the head's input in the place of the head's output; the head's own where it gives nothing.
 * The head does not train.
 * @throws TapgradError HEAD_TAKEN at attach; in forward OUTPUT_KIND
 */
export function replaceHead(
  { hooks, parameters, filterTrainable }: Context,
  { path, width }: ModelHead,
  make: (features: Tensor) => Tensor | undefined,
): void {
  const other = [...parameters().keys()].find((name) => name.endsWith('/classifier.weight'));
  if (other) {
    throw new TapgradError({
      code: 'HEAD_TAKEN',
      message: `${other.slice(0, other.indexOf('/'))} has put a classifier of its own in the place of ${path}`,
      fix: "let it keep the model's own head (head: 'model'), which this plugin replaces",
    });
  }
  let features: unknown;
  hooks.tap(`${path}:input`).forward<unknown>((value) => {
    features = Array.isArray(value) ? value[0] : value;
  });
  hooks.tap(`${path}:output`).forward<unknown>(() => {
    const given = features;
    features = undefined;
    return make(checked(given, path, width));
  });
  filterTrainable((name) => (name === `${path}.weight` || name === `${path}.bias` ? false : undefined));
}

function checked(value: unknown, path: string, width: number): Tensor {
  if (value instanceof Tensor && value.rank === 2 && value.shape[1] === width) return value;
  const found = value instanceof Tensor ? `a tensor of shape [${value.shape}]` : `a ${typeof value}`;
  throw new TapgradError({
    code: 'OUTPUT_KIND',
    message: `${path} is given ${found} where features [batch, ${width}] are needed`,
    fix: 'let `head` name the layer that takes one vector a sample',
  });
}

/** Plugins whose own classifier stands in for the model's head, or which let nothing of other plugins train. */
export const headsOfTheirOwn = ['ladder', 'sherl', 'unipt', 'r2', 'query-tokens'].map((plugin) => ({
  plugin,
  why: `${plugin} gives what a head of its own makes of a frozen model, so that a new head would not be reached or would not train`,
}));

/** Plugins that may put a classifier in the place of the head: they come first, so that it is seen. */
export const headsBefore = ['prompt-tokens?', 'prefix-tokens?'];
