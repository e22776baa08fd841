/** Which module runs now, and for which plugin: told to errors, hooks and the ledger. */
export interface Where {
  readonly modulePath: string;
  readonly owner: string | undefined;
}

const nowhere: Where = { modulePath: '', owner: undefined };
let where = nowhere;

export function currentWhere(): Where {
  return where;
}

export function at<T>(next: Where, f: () => T): T {
  const before = where;
  where = next;
  try {
    return f();
  } finally {
    where = before;
  }
}
