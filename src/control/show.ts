// Values in one line, for messages and debug.print.
import { sizeOf } from '../core/aval.ts';
import type { DType } from '../core/dtype.ts';
import { Tensor } from '../core/tensor.ts';

const number = (v: number, d: DType): string => {
  if (d === 'bool') return v !== 0 ? 'true' : 'false';
  return Number.isFinite(v) && d.startsWith('float')
    ? String(Number(v.toPrecision(d === 'float64' ? 8 : 6)))
    : String(v);
};

// Longer arrays are shown by their first and last few elements, along each axis.
const most = 100;
const edge = 3;

/** A concrete tensor: its elements in brackets, with dtype and shape in front where not all are shown. */
export const showTensor = (x: Tensor): string => {
  const data = x.dataSync();
  const { shape, dtype } = x;
  const long = data.length > most;
  const level = (axis: number, at: number): string => {
    if (axis === shape.length) return number(data[at]!, dtype);
    const n = shape[axis]!;
    const step = sizeOf(shape.slice(axis + 1));
    const short = long && n > 2 * edge;
    const parts = Array.from({ length: short ? 2 * edge : n }, (_, k) =>
      level(axis + 1, at + (short && k >= edge ? n - 2 * edge + k : k) * step),
    );
    if (short) parts.splice(edge, 0, '...');
    return `[${parts.join(', ')}]`;
  };
  return `${long ? `${dtype}[${shape.join(',')}] ` : ''}${level(0, 0)}`;
};

/** A tree of concrete tensors. */
export const showTree = (x: unknown): string => {
  if (x instanceof Tensor) return showTensor(x);
  if (Array.isArray(x)) return `(${x.map(showTree).join(', ')})`;
  if (typeof x === 'object' && x !== null && Object.getPrototypeOf(x) === Object.prototype)
    return `{ ${Object.entries(x)
      .map(([k, v]) => `${k}: ${showTree(v)}`)
      .join(', ')} }`;
  return typeof x === 'string' ? x : String(x);
};
