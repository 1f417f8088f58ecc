// An element that a scatter updates: how it is read, combined with an update, and written, whatever its dtype.
import type { ScatterKernel } from '../jit/kernel.ts';
import { writeElement } from './expr.ts';
import { combine } from './reduce.ts';
import type { Shader } from './shader.ts';
import { registerType } from './types.ts';

export interface Cell {
  /** Declares a register of the element's type. */
  readonly accumulator: (prefix: string) => string;
  /** The element, as text of the register's type. */
  readonly load: () => string;
  /** A value as the next update makes it. */
  readonly combined: (old: string, value: string) => string;
  readonly store: (value: string) => void;
}

export const cellOf = (s: Shader, k: ScatterKernel, at: string): Cell => {
  const op = k.op === 'add' ? 'sum' : k.op === 'mul' ? 'prod' : k.op;
  return {
    accumulator: (prefix) => {
      const name = s.fresh(prefix);
      s.line(`var ${name}: ${registerType(k.dtype)};`);
      return name;
    },
    load: () => {
      const cell = s.element(k.target, at, true);
      return k.dtype === 'bool' ? `(${cell} != 0u)` : cell;
    },
    combined: (old, value) => (op === 'set' ? value : combine(s, op, k.dtype, old, value)),
    store: (value) => writeElement(s, k.target, at, value),
  };
};
