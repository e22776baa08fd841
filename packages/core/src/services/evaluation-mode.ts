import type { AnyModule } from '../plugin/context.ts';

/** Puts modules in evaluation mode; what it returns puts each back in the mode it was in. */
export function setEvaluationMode(modules: readonly AnyModule[]): () => void {
  const modes = modules.map((module) => [module, module.training] as const);
  for (const module of modules) module.training = false;
  return () => {
    for (const [module, training] of modes) module.training = training;
  };
}
