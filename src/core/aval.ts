// Abstract values: shape and dtype of a tensor, and the shape arithmetic that every rule shares.
import { byteSize, isDType, type DType } from './dtype.ts';
import { ArgumentError, DTypeError, ShapeError } from './errors.ts';

export type Shape = readonly number[];

/** What is known of a value before it is computed. `weak`: it came from a JS number and adopts the dtype of what it meets. */
export interface Aval {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly weak: boolean;
}

export const aval = (shape: Shape, dtype: DType, weak = false): Aval => ({ shape, dtype, weak });

export const sizeOf = (shape: Shape): number => {
  let n = 1;
  for (let i = 0; i < shape.length; i++) n *= shape[i]!;
  return n;
};

export const bytesOf = (a: Aval): number => sizeOf(a.shape) * byteSize(a.dtype);

export const sameShape = (a: Shape, b: Shape): boolean => {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
};

export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`;
/** `float32[3,4]`, with `~` for a weak type. */
export const showAval = (a: Aval): string => `${a.weak ? '~' : ''}${a.dtype}[${a.shape.join(',')}]`;

/** A shape given by the user: non-negative safe integers. */
export const checkShape = (op: string, shape: Shape): Shape => {
  if (!Array.isArray(shape))
    throw new ArgumentError(op, `the shape must be an array of integers, got ${String(shape)}`);
  for (const d of shape)
    if (!Number.isSafeInteger(d) || d < 0)
      throw new ShapeError(op, `a shape holds integers >= 0, got ${String(d)} in ${showShape(shape)}`);
  return Object.freeze([...(shape as number[])]);
};

export const checkDType = (op: string, d: unknown): DType => {
  if (!isDType(d))
    throw new DTypeError(op, `unknown dtype ${String(d)}; use 'float32', 'float64', 'int32', 'uint32' or 'bool'`);
  return d;
};

/** An axis in 0 .. rank-1; negative ones count from the end. */
export const checkAxis = (op: string, axis: number, rank: number, name = 'axis'): number => {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw new ArgumentError(
      op,
      rank === 0
        ? `${name} ${String(axis)} is out of range: the tensor is a scalar and has no axes`
        : `${name} ${String(axis)} is out of range for rank ${rank}; use ${-rank} to ${rank - 1}`,
    );
  return axis < 0 ? axis + rank : axis;
};

/** Distinct axes in 0 .. rank-1, ascending; undefined or null means all of them. */
export const checkAxes = (
  op: string,
  axes: number | readonly number[] | null | undefined,
  rank: number,
): readonly number[] => {
  if (axes === undefined || axes === null) return Array.from({ length: rank }, (_, i) => i);
  if (typeof axes !== 'number' && !Array.isArray(axes))
    throw new ArgumentError(
      op,
      `axis must be an integer, an array of such, or null, got the ${typeof axes} ${String(axes)}`,
    );
  const list = (typeof axes === 'number' ? [axes] : (axes as readonly number[])).map((a) => checkAxis(op, a, rank));
  if (new Set(list).size !== list.length) throw new ArgumentError(op, `axes [${String(axes)}] name one axis twice`);
  return list.sort((a, b) => a - b);
};

/** The shape two or more shapes broadcast to (NumPy's rule), or a ShapeError that names the axis. */
export const broadcastShapes = (op: string, ...shapes: readonly Shape[]): Shape => {
  const first = shapes[0] ?? [];
  if (shapes.every((s) => sameShape(s, first))) return first;
  const rank = Math.max(...shapes.map((s) => s.length));
  const out = new Array<number>(rank).fill(1);
  for (const s of shapes)
    for (let i = 0; i < s.length; i++) {
      const at = rank - s.length + i;
      const d = s[i]!;
      if (d === 1) continue;
      if (out[at] !== 1 && out[at] !== d)
        throw new ShapeError(
          op,
          `shapes ${shapes.map(showShape).join(' and ')} do not broadcast: axis ${at - rank} is ${out[at]} in one and ${d} in another; sizes must be equal or 1 (aligned from the right)`,
        );
      out[at] = d;
    }
  return out;
};
