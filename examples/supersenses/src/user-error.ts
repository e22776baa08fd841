/** Something the person who runs the program can put right. Printed as one line, without a stack; the exit code is 1. */
export class UserError extends Error {
  override readonly name = 'UserError';
}
