import { BufferTensor, Module, Parameter, TapgradError, untaped } from '@tapgrad/core';
import { mul, scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';

/**
 * A module of the same class and configuration with copies of its parameters, buffers and children; what is none of these
 * is shared. A parameter that stands at two places does so in the copy. The caller disposes it.
 * @throws TapgradError MODULE_NOT_CLONEABLE for a property that is a function: it may speak of the original
 */
export function cloneModule<M extends Module<never, unknown>>(module: M): M {
  const copies = new Map<object, object>();
  const once = <T extends object>(original: T, make: () => T): T => {
    const known = copies.get(original);
    if (known) return known as T;
    const made = make();
    copies.set(original, made);
    return made;
  };
  const copied = (value: unknown, where: string): unknown => {
    if (value instanceof Parameter) {
      return once(value, () => new Parameter(copyOf(value.variable), { trainable: value.trainable }));
    }
    if (value instanceof BufferTensor) return once(value, () => new BufferTensor(copyOf(value.variable)));
    if (value instanceof Module) return once(value, () => copyOfModule(value as Module<never, unknown>));
    if (Array.isArray(value)) return value.map((each) => copied(each, where));
    if (typeof value === 'function') throw notCloneable(module, where);
    return value;
  };
  const copyOfModule = (original: Module<never, unknown>): Module<never, unknown> => {
    const copy = Object.create(Object.getPrototypeOf(original) as object) as Module<never, unknown>;
    for (const [name, value] of Object.entries(original)) {
      if (name !== 'taps') Object.assign(copy, { [name]: copied(value, name) });
    }
    return Object.assign(copy, { path: '', owner: undefined, taps: undefined });
  };
  return copyOfModule(module) as M;
}

/** A buffer of its own: tfjs's `clone` shares it, and updates in place would reach both. */
function copyOf(value: Tensor): Tensor {
  return untaped(() => tidy(() => mul(value, scalar(1, value.dtype))));
}

function notCloneable(module: object, property: string): TapgradError {
  return new TapgradError({
    code: 'MODULE_NOT_CLONEABLE',
    message: `a module inside ${module.constructor.name} holds a function in its property ${property}`,
    fix: 'make it a method, so that the copy’s own function is called',
  });
}
