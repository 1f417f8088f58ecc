// Sorts in WGSL: every element counts the elements before it, and goes there.
import type { DType } from '../core/dtype.ts';
import type { SortKernel } from '../jit/kernel.ts';
import { perPoint } from './loop.ts';
import { createShader, type Target } from './shader.ts';
import type { Dispatch } from './steps.ts';
import { memoryType } from './types.ts';

/** A function from an element in memory to an i32 that orders alike: NaN last in either direction, zeros equal. */
const keyFunction = (d: DType, descending: boolean): string => {
  const end = descending ? '~k' : 'k';
  const body: Readonly<Record<DType, string>> = {
    float32: `if ((bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u) { return 0x7fffffff; } let b = select(bitcast<i32>(x), 0, x == 0.0f); let k = b ^ ((b >> 31u) & 0x7fffffff);`,
    int32: 'let k = x;',
    uint32: 'let k = bitcast<i32>(x ^ 0x80000000u);',
    bool: 'let k = i32(x);',
    float64: '',
  };
  return `fn key(x: ${memoryType(d)}) -> i32 { ${body[d]} return ${end}; }`;
};

/**
 * Stable, and parallel over all elements, in time that grows with the square of a run's length: right for the rows of a
 * top-k, slow from some ten thousand elements a run on. The next step is a merge of runs sorted in workgroup memory.
 */
export const renderSort = (k: SortKernel, target: Target): Dispatch | undefined => {
  const points = k.outer * k.length * k.inner;
  if (points === 0) return undefined;
  const s = createShader(target);
  s.declare(keyFunction(k.dtypes[0]!, k.descending));
  const { head, workgroups } = perPoint(s, points);
  s.line(`let i = p / ${k.inner} % ${k.length};`);
  s.line(`let base = p - i * ${k.inner};`);
  const keyAt = (at: string): string => `key(${s.element(k.sources[0]!, at, false)})`;
  s.line(`let mine = ${keyAt('p')};`);
  s.line('var rank = 0;');
  s.open(`for (var j = 0; j < ${k.length}; j++)`);
  s.line(`let other = ${keyAt(`base + j * ${k.inner}`)};`);
  s.line('if (other < mine || (other == mine && j < i)) { rank++; }');
  s.close();
  k.sources.forEach((source, t) =>
    s.line(`${s.element(k.targets[t]!, `base + rank * ${k.inner}`, true)} = ${s.element(source, 'p', false)};`),
  );
  return s.finish(k.name, head, workgroups);
};
