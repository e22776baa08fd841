import type { Tensor } from '@tensorflow/tfjs-core';
import { TapgradError } from '../errors.ts';
import type { PluginContext } from './context.ts';
import { describeIssues, type StandardSchema } from './standard-schema.ts';

/** State that goes into checkpoints: tensors by name, and JSON. */
export interface PluginState {
  readonly tensors?: ReadonlyMap<string, Tensor>;
  readonly json?: unknown;
}

/** What a plugin leaves with the stack. All parts are optional. */
export interface PluginInstance {
  /** State beside the plugin's own modules and parameters, which are saved anyway. The tensors remain the plugin's. */
  saveState?(): PluginState;
  /**
   * Adds and removes modules and parameters, so that they are those of the state (`json` is what `saveState` gave) that will be
   * checked and assigned next. Only plugins that grow while training need it.
   */
  reshape?(json: unknown): void;
  loadState?(state: PluginState): void;
  /** Frees what the plugin made by itself; taps, modules and parameters are removed for it. */
  dispose?(): void;
}

/** What a plugin says of itself, so that combinations can be checked before anything runs. */
export interface PluginDeclaration {
  readonly name: string;
  readonly version?: string;
  /** Range of core versions, for example `{ core: '^1' }`. */
  readonly requires?: { readonly core?: string };
  /** Plugins that must come before or after this one; a trailing `?` says "if it is attached". */
  readonly after?: readonly string[];
  readonly before?: readonly string[];
  /** Plugins that cannot be attached together with this one, best with the reason. */
  readonly conflicts?: readonly (string | { readonly plugin: string; readonly why: string })[];
  /** Capabilities that this plugin looks at: whoever writes or transforms them comes first. */
  readonly reads?: readonly string[];
  /** Capabilities that this plugin alone decides, for example `output:model`. Two writers of one are refused. */
  readonly writes?: readonly string[];
  /** Capabilities that this plugin changes on the way, and others may too, in order. */
  readonly transforms?: readonly string[];
  /** Said of a plugin that changes gradients or values within a bound. */
  readonly lossy?: { readonly bound: string };
}

export interface PluginDefinition<Input, Options> extends PluginDeclaration {
  /** Any Standard Schema; without one the plugin takes no options. */
  readonly options?: StandardSchema<Input, Options>;
  apply(context: PluginContext<Options>): PluginInstance | void;
}

/** A plugin with its options, ready to be attached. */
export interface Plugin {
  readonly declaration: PluginDeclaration;
  readonly options: unknown;
  apply(context: Omit<PluginContext<unknown>, 'options'>): PluginInstance | undefined;
}

/** What `definePlugin` gives: call it with options to get a plugin. */
export type PluginFactory<Input> = ((options?: Input) => Plugin) & { readonly declaration: PluginDeclaration };

/**
 * Defines a plugin. The factory validates options and fills in their defaults.
 * @throws TapgradError PLUGIN_OPTIONS from the factory, with the path of each wrong option
 */
export function definePlugin<Input = Record<string, never>, Options = Input>(
  definition: PluginDefinition<Input, Options>,
): PluginFactory<Input> {
  const { options: schema, apply, ...declaration } = definition;
  const factory = (input?: Input): Plugin => {
    const options = checkedOptions(declaration.name, schema, input ?? {});
    return {
      declaration,
      options,
      apply: (context) => apply.call(definition, { ...context, options }) ?? undefined,
    };
  };
  return Object.assign(factory, { declaration });
}

/**
 * Options with their defaults, for presets: functions that return several plugins under one name.
 * @throws TapgradError PLUGIN_OPTIONS, with the path of each wrong option
 */
export function checkedOptions<Options>(
  plugin: string,
  schema: StandardSchema<never, Options> | StandardSchema<unknown, Options> | undefined,
  input: unknown,
): Options {
  if (!schema) {
    if (Object.keys(input as object).length === 0) return {} as Options;
    throw optionsError(plugin, `it takes no options, and was given ${Object.keys(input as object).join(', ')}`);
  }
  const result = schema['~standard'].validate(input);
  if (result instanceof Promise) throw optionsError(plugin, 'its schema validates asynchronously');
  if (result.issues) throw optionsError(plugin, describeIssues(result.issues));
  return result.value;
}

function optionsError(plugin: string, message: string): TapgradError {
  return new TapgradError({
    code: 'PLUGIN_OPTIONS',
    message,
    plugin,
    fix: "see the plugin's card for its options, their units and defaults",
  });
}
