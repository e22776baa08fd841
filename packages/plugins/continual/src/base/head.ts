import { type PluginContext, TapgradError } from '@tapgrad/core';
import { DualEncoder, Linear } from '@tapgrad/nn';

type AnyModule = PluginContext<unknown>['model'];

/** The linear layer that gives a model's logits. */
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
 * The layer that is named; or the classifier that a plugin has put in the place of the model's; or the linear layer that the
 * model ends with: the one called `head`, `fc` or `classifier`, or else the last of its modules if that is a linear layer.
 * @throws TapgradError HEAD_UNKNOWN, HEAD_MISSING, HEAD_AMBIGUOUS, HEAD_TAKEN
 */
export function findHead(
  { model, modules }: Pick<PluginContext<unknown>, 'model' | 'modules'>,
  named?: string,
): ModelHead {
  if ((model as AnyModule) instanceof DualEncoder) throw withoutClasses();
  const linears = new Map(modules().flatMap((each) => (each instanceof Linear ? [[each.path, each] as const] : [])));
  const brought = broughtClassifiers(modules());
  const own = [...linears.keys()].filter((path) => !path.includes('/'));
  const known = linears.size > 0 ? `linear layers are ${[...own, ...brought].join(', ')}` : 'it has no linear layer';
  const found = (path: string): ModelHead => {
    const { inFeatures, bias } = linears.get(path) as Linear;
    return { path, width: inFeatures, bias: bias !== undefined };
  };
  if (named !== undefined) {
    const taken = brought.find((path) => takers.includes(path.slice(0, path.indexOf('/'))));
    if (taken !== undefined && own.includes(named)) throw takenBy(taken, named);
    if (linears.has(named)) return found(named);
    throw new TapgradError({
      code: 'HEAD_UNKNOWN',
      message: `the model has no linear layer ${named}: ${known}`,
      fix: 'name the linear layer whose output are the logits with `head`',
    });
  }
  const usual = brought.length > 0 ? brought : own.filter((path) => usualNames.includes(path));
  const paths = usual.length > 0 ? usual : lastLinear(model);
  const [only] = paths;
  if (only !== undefined && paths.length === 1) return found(only);
  const message = `which linear layer gives the model's logits cannot be told: ${known}`;
  const fix = 'name it with `head`, or build the model with a classifier';
  if (usual.length > 0) throw new TapgradError({ code: 'HEAD_AMBIGUOUS', message, fix });
  throw new TapgradError({ code: 'HEAD_MISSING', message, fix });
}

/** Paths of the classifiers that plugins have put in the place of the model's: by custom a linear layer named `classifier`. */
export function broughtClassifiers(modules: readonly AnyModule[]): string[] {
  return modules.flatMap((each) => (each instanceof Linear && /[/].*\bclassifier$/.test(each.path) ? [each.path] : []));
}

/** Path of the last module of all, if that is a linear layer. */
function lastLinear(module: AnyModule, path = ''): string[] {
  const [name, child] = childrenOf(module).at(-1) ?? [];
  if (name === undefined || !child) return module instanceof Linear && path !== '' ? [path] : [];
  return lastLinear(child, path === '' ? name : `${path}.${name}`);
}

/** Modules inside with parameters: an activation behind the last layer is no layer. */
function childrenOf(module: AnyModule): [string, AnyModule][] {
  return (module.children() as [string, AnyModule][]).filter(([, child]) => child.namedParameters().size > 0);
}

function takenBy(classifier: string, named: string): TapgradError {
  return new TapgradError({
    code: 'HEAD_TAKEN',
    message: `${classifier} stands in the place of ${named}, which would not be reached, or would hide it`,
    fix: `leave out \`head\`, or name ${classifier} with it`,
  });
}

/** An image-text model: its linear layers are projections to the common space. */
function withoutClasses(): TapgradError {
  return new TapgradError({
    code: 'HEAD_MISSING',
    message: 'a DualEncoder gives embeddings of images and texts: it has no head for classes, which are texts here',
    fix: 'learn with it as it is, for example with zscl; or attach the head to a classifier of images alone',
  });
}

/** For what stands in the place of a head for classes. */
export const withoutHeads = [
  { plugin: 'r2', why: 'r2 gives moments of videos by heads of its own, and has none for classes' },
];

/** What may put a classifier of its own in the place of the model's head. */
const takers = ['ladder', 'sherl', 'unipt', 'query-tokens', 'prompt-tokens', 'prefix-tokens'];

/** Those of them that declare no `output:model`: they come first. */
export const headsBefore = ['prompt-tokens?', 'prefix-tokens?'];
