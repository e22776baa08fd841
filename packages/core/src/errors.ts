/** What every coded error of tapgrad says: what was wrong, where, and what to do. */
export interface ErrorDetails {
  /** Stable, upper-case identifier, listed in `docs/errors.md`. */
  readonly code: string;
  /** What was wrong, in one sentence. */
  readonly message: string;
  /** Name of the plugin whose code failed or is at fault. */
  readonly plugin?: string | undefined;
  /** Hook in which it happened. */
  readonly hook?: string | undefined;
  /** Kernel or own op at fault. */
  readonly op?: string | undefined;
  /** Path of the module that was running, for example `blocks.3.mlp.up`. */
  readonly modulePath?: string | undefined;
  /** What to change. */
  readonly fix?: string | undefined;
  readonly cause?: unknown;
}

/** The one error class that tapgrad throws on purpose. */
export class TapgradError extends Error {
  readonly code: string;
  /** What was wrong, without the place and the fix that `message` adds. */
  readonly reason: string;
  readonly plugin: string | undefined;
  readonly hook: string | undefined;
  readonly op: string | undefined;
  readonly modulePath: string | undefined;
  readonly fix: string | undefined;

  constructor(details: ErrorDetails) {
    super(describe(details), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'TapgradError';
    this.code = details.code;
    this.reason = details.message;
    this.plugin = details.plugin;
    this.hook = details.hook;
    this.op = details.op;
    this.modulePath = details.modulePath;
    this.fix = details.fix;
  }
}

function describe({ code, message, plugin, hook, op, modulePath, fix }: ErrorDetails): string {
  const where = [
    plugin && `plugin ${plugin}`,
    hook && `hook ${hook}`,
    op && `op ${op}`,
    modulePath && `module ${modulePath}`,
  ].filter(Boolean);
  return `${code}: ${message}${where.length > 0 ? ` (${where.join(', ')})` : ''}${fix ? ` Fix: ${fix}` : ''}`;
}

/** What was wrong, of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof TapgradError) return thrown.reason;
  return thrown instanceof Error ? thrown.message : String(thrown);
}
