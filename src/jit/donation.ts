// Donation: which leaves of the arguments give up their memory, and that none of them is needed twice.
import { DeviceError } from '../core/errors.ts';
import { checkArgnums } from '../core/functional.ts';
import type { Tensor } from '../core/tensor.ts';
import { flatten, leafPaths, type Leaf, type Structure } from '../core/tree.ts';

/** Positions of the leaves that are donated; a number is no memory. */
export const donatedLeaves = (
  donate: number | readonly number[] | undefined,
  args: readonly unknown[],
  leaves: readonly Leaf[],
): ReadonlySet<number> => {
  if (donate === undefined) return new Set();
  const argnums = checkArgnums('jit', donate, args.length);
  const out: number[] = [];
  let at = 0;
  args.forEach((a, i) => {
    const count = flatten(a, 'jit').leaves.length;
    if (argnums.includes(i)) for (let k = 0; k < count; k++) out.push(at + k);
    at += count;
  });
  return new Set(out.filter((i) => typeof leaves[i] !== 'number'));
};

/** A donated tensor stands in one place only. */
export const checkDonation = (
  name: string,
  xs: readonly Tensor[],
  donated: ReadonlySet<number>,
  captured: readonly Tensor[],
  structure: Structure,
): void => {
  const where = new Map<Tensor, number>();
  const path = (i: number): string => `argument ${leafPaths(structure)[i]!}`;
  xs.forEach((x, i) => {
    const other = where.get(x);
    if (other !== undefined && (donated.has(i) || donated.has(other)))
      throw new DeviceError(
        'jit',
        `'${name}': the same tensor is ${path(other)} and ${path(i)}, and donated; give each donated place a tensor of its own`,
      );
    where.set(x, i);
  });
  for (const c of captured)
    if (donated.has(where.get(c) ?? -1))
      throw new DeviceError(
        'jit',
        `'${name}': ${path(where.get(c)!)} is donated and also captured by the function; pass it as an argument only`,
      );
};
