// Trees of shapes: results and arguments of which only shape and dtype are known.
import { checkDType, checkShape, sizeOf, type Aval } from './aval.ts';
import { isDType, type DType } from './dtype.ts';
import { ArgumentError } from './errors.ts';
import { FillStorage } from './host.ts';
import { ConcreteTensor, Tensor } from './tensor.ts';
import { flatten, type Structure } from './tree.ts';

/** The shape and dtype of a tensor. */
export interface ResultShape {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

const isResultShape = (x: unknown): x is ResultShape =>
  typeof x === 'object' && x !== null && Array.isArray((x as ResultShape).shape) && isDType((x as ResultShape).dtype);

/** Fails for what is meant to be { shape, dtype } and has a dtype that does not exist. */
const refuseUnknown = (op: string, x: object): void => {
  const { shape, dtype, ...rest } = x as { readonly shape?: unknown; readonly dtype?: unknown };
  if (
    Array.isArray(shape) &&
    shape.every(Number.isInteger) &&
    typeof dtype === 'string' &&
    Object.keys(rest).length === 0
  )
    checkDType(op, dtype);
};

/** A tree of { shape, dtype } as the shapes of its leaves, and the tree's structure. */
export const describedShapes = (
  op: string,
  name: string,
  tree: unknown,
): { readonly avals: readonly Aval[]; readonly structure: Structure } => {
  const avals: Aval[] = [];
  const replace = (x: unknown, path: string): unknown => {
    if (isResultShape(x)) {
      if (!x.shape.every((n) => Number.isInteger(n) && n >= 0))
        throw new ArgumentError(op, `${name}${path} has the shape [${x.shape.join(', ')}], which is none`);
      avals.push({ shape: x.shape, dtype: x.dtype, weak: false });
      return 0;
    }
    if (Array.isArray(x)) return x.map((c, i) => replace(c, `${path}[${i}]`));
    if (typeof x === 'object' && x !== null) refuseUnknown(op, x);
    if (typeof x === 'object' && x !== null && Object.getPrototypeOf(x) === Object.prototype)
      return Object.fromEntries(
        Object.keys(x)
          .sort()
          .map((k) => [k, replace((x as Record<string, unknown>)[k], `${path}.${k}`)]),
      );
    throw new ArgumentError(op, `${name}${path} must be { shape, dtype } or a tree of those`);
  };
  const { structure } = flatten(replace(tree, ''), op);
  return { avals, structure };
};

/** The tree of tensors that a tree of { shape, dtype } describes. */
export type Described<T> = T extends ResultShape
  ? Tensor<readonly number[], T['dtype']>
  : { [K in keyof T]: Described<T[K]> };

const isPlain = (x: object): boolean => Object.getPrototypeOf(x) === Object.prototype;

/** A tree with a tensor of zeros, which takes no memory, in the place of each { shape, dtype }. */
export const withPlaceholders = (op: string, x: unknown): unknown => {
  if (typeof x !== 'object' || x === null || x instanceof Tensor) return x;
  if (Array.isArray(x)) return x.map((c) => withPlaceholders(op, c));
  if (!isPlain(x)) return x;
  if (isResultShape(x) && Object.keys(x).length === 2) {
    const shape = checkShape(op, x.shape);
    return new ConcreteTensor(shape, x.dtype, new FillStorage(0, x.dtype, sizeOf(shape)));
  }
  refuseUnknown(op, x);
  return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, withPlaceholders(op, v)]));
};
