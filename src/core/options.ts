// Options objects checked at run time: a misspelt name is an error, never a default taken in silence.
import { ArgumentError } from './errors.ts';

/** What a value is, in words for messages. */
export const kindOf = (x: unknown): string => {
  if (Array.isArray(x)) return 'an array';
  if (x === null || x === undefined) return String(x);
  if (typeof x === 'function') return 'a function';
  return typeof x === 'object' ? 'an object' : `the ${typeof x} ${String(x as number)}`;
};

const isPlain = (x: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(x);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
};

/**
 * Checks that options (undefined: none) are an object with no other names than the known ones.
 * @example
 * checkOptions('sum', { axis: 0 }, ['axis', 'keepdims']);
 */
export const checkOptions = (op: string, options: unknown, known: readonly string[]): void => {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null || Array.isArray(options) || !isPlain(options))
    throw new ArgumentError(op, `options are an object such as { ${known[0]!}: ... }, got ${kindOf(options)}`);
  for (const name of Object.keys(options))
    if (!known.includes(name))
      throw new ArgumentError(op, `there is no option '${name}'; the options are ${known.join(', ')}`);
};

/** Checks that what a transform is given is a function. */
export const checkFunction = (transform: string, f: unknown, as = 'its first argument'): void => {
  if (typeof f !== 'function') throw new ArgumentError(transform, `needs a function as ${as}, got ${kindOf(f)}`);
};
