/** Something the person at the terminal can put right: printed as one line; the exit code is 1. */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** @throws UserError with what there is to choose among */
export function choose<T>(kind: string, name: string, among: Readonly<Record<string, T>>): T {
  const found = Object.hasOwn(among, name) ? among[name] : undefined;
  if (found !== undefined) return found;
  throw new UserError(`unknown ${kind} "${name}"; choose among ${Object.keys(among).join(', ')}`);
}
