import type { BuiltInModel } from './built-in-model.ts';
import { imageModels } from './images.ts';
import { textModels } from './texts.ts';

/** The models that the command line can plan, by name. */
export const builtInModels: Readonly<Record<string, BuiltInModel>> = { ...imageModels, ...textModels };
