// The named axes in scope: what vmap puts there for the extent of a call, and what collectives and the cache of traces ask.
import { ArgumentError } from './errors.ts';

interface NamedAxis {
  readonly name: string;
  readonly size: number;
}

// Innermost last.
const inScope: NamedAxis[] = [];

/** Runs `f` with a name in scope; undefined: an axis without a name. */
export const withAxis = <A>(name: string | undefined, size: number, f: () => A): A => {
  if (name === undefined) return f();
  inScope.push({ name, size });
  try {
    return f();
  } finally {
    inScope.pop();
  }
};

/** Names and sizes in scope as text: what is traced here depends on them. */
export const axesKey = (): string => inScope.map((a) => `${JSON.stringify(a.name)}${a.size}`).join();

/** The length of the innermost axis of that name, or an error that says which names there are. */
export const sizeOfAxis = (op: string, name: string): number => {
  if (typeof name !== 'string')
    throw new ArgumentError(op, `axisName must be a string, or an array of strings, got ${typeof name}`);
  const found = inScope.findLast((a) => a.name === name);
  if (found === undefined) throw unbound(op, name);
  return found.size;
};

export const unbound = (op: string, name: string): ArgumentError => {
  const names = [...new Set(inScope.map((a) => `'${a.name}'`))];
  return new ArgumentError(
    op,
    `no axis named '${name}' is in scope here; ${names.length === 0 ? 'no axis has a name' : `the names in scope are ${names.join(', ')}`}: call the function inside of vmap(f, { axisName: '${name}' })`,
  );
};
