// Sorts in WGSL: by keys that order as integers, which carry the number of their element along; elements move once, at the end.
import type { DType } from '../core/dtype.ts';
import type { SortKernel } from '../jit/kernel.ts';
import { perPoint } from './points.ts';
import { createShader, type Shader, type Target } from './shader.ts';
import { sortRuns } from './sort-runs.ts';
import type { Dispatch } from './steps.ts';
import { memoryType } from './types.ts';

/** A function from an element in memory to a u32 that orders alike: NaN last in either direction, zeros equal. */
const keyFunction = (d: DType, descending: boolean): string => {
  const body: Readonly<Record<DType, string>> = {
    float32: `let b = bitcast<u32>(x); let m = b & 0x7fffffffu; if (m > 0x7f800000u) { return 0xffffffffu; } let k = select(b ^ select(0x80000000u, 0xffffffffu, b > 0x7fffffffu), 0x80000000u, m == 0u);`,
    int32: 'let k = bitcast<u32>(x) ^ 0x80000000u;',
    uint32: 'let k = x;',
    bool: 'let k = x;',
    float64: '',
  };
  return `fn key(x: ${memoryType(d)}) -> u32 { ${body[d]} return ${descending ? '~k' : 'k'}; }`;
};

/** Stable, in O(n log n). What a shader cannot bind at once moves in dispatches of its own, by the order left in scratch memory. */
export const renderSort = (k: SortKernel, target: Target): readonly Dispatch[] => {
  const { outer, length, inner } = k;
  const points = outer * length * inner;
  if (points === 0) return [];
  // Where a row begins, as a term of an index.
  const base = (s: Shader, row: string): string => {
    if (inner === 1) return `${row} * ${length}`;
    const name = s.fresh('o');
    s.line(`let ${name} = ${row} / ${inner} * ${length * inner} + ${row} % ${inner};`);
    return name;
  };
  const at = (from: string, i: string): string => `${from} + ${i}${inner === 1 ? '' : ` * ${inner}`}`;
  const move = (s: Shader, operands: readonly number[], from: string, to: string, i: string): void =>
    operands.forEach((o) =>
      s.line(`${s.element(k.targets[o]!, at(from, to), true)} = ${s.element(k.sources[o]!, at(from, i), false)};`),
    );
  const all = k.sources.map((_, o) => o);
  // One more for scratch memory.
  const most = Math.floor((target.limits.buffers - 1) / 2);
  const whole = all.length <= most;
  const order = (s: Shader): string => s.scratch(points);

  const sorted = sortRuns(
    {
      name: k.name,
      rows: outer * inner,
      length,
      across: inner > 1,
      scratchFrom: whole ? 0 : points,
      key: (s, row, i) => {
        s.declare(keyFunction(k.dtypes[0]!, k.descending));
        return `key(${s.element(k.sources[0]!, at(base(s, row), i), false)})`;
      },
      put: (s, row, to, i) => {
        if (whole) {
          const from = base(s, row);
          s.line(`let e = ${i};`);
          move(s, all, from, to, 'e');
        } else s.line(`${order(s)}[${row} * ${length} + ${to}] = u32(${i});`);
      },
    },
    target,
  );
  if (whole) return sorted;
  const moves = Array.from({ length: Math.ceil(all.length / most) }, (_, piece) => {
    const s = createShader(target);
    const { head, workgroups } = perPoint(s, points);
    const from = base(s, `(p / ${length})`);
    s.line(`let e = i32(${order(s)}[p]);`);
    move(s, all.slice(piece * most, (piece + 1) * most), from, `p % ${length}`, 'e');
    return s.finish(`${k.name}_move`, head, workgroups);
  });
  return [...sorted, ...moves];
};
