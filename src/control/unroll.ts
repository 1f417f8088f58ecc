// Scans written out: rounds of several steps in one body, and none or few steps without a loop.
import { bind } from '../core/interpreter.ts';
import { concatenateAlong } from '../core/ops/concat.ts';
import { sliceAlong } from '../core/ops/slice.ts';
import { fill, reshapeTo } from '../core/ops/structure.ts';
import type { Equation, Program } from '../core/program.ts';
import { applyProgram, stage } from '../core/stage.ts';
import type { Tensor } from '../core/tensor.ts';
import type { ScanParams } from './scan-parts.ts';

/** Steps one after the other over xs with `count` slices. */
const steps = (
  { program, carry: carries, reverse }: ScanParams,
  count: number,
  consts: readonly Tensor[],
  carry: readonly Tensor[],
  xs: readonly Tensor[],
): { readonly carry: readonly Tensor[]; readonly ys: readonly Tensor[] } => {
  let now = carry;
  const parts: Tensor[][] = [];
  for (let k = 0; k < count; k++) {
    const i = reverse ? count - 1 - k : k;
    const slices = xs.map((x) => reshapeTo(sliceAlong(x, 0, i, 1), x.shape.slice(1)));
    const outs = applyProgram(program, [...consts, ...now, ...slices], bind);
    now = outs.slice(0, carries);
    parts[i] = outs.slice(carries).map((y) => reshapeTo(y, [1, ...y.shape]));
  }
  const ys = program.outs.slice(carries).map(({ aval }, j) =>
    count === 0
      ? fill([0, ...aval.shape], 0, aval.dtype)
      : concatenateAlong(
          parts.map((p) => p[j]!),
          0,
        ),
  );
  return { carry: now, ys };
};

/** A scan as a program with the same inputs and outputs in which its steps are written out as far as asked; undefined where they are not. */
export const unrolled = (e: Equation): Program | undefined => {
  if (e.primitive.name !== 'scan') return undefined;
  const p = e.params as unknown as ScanParams;
  if (p.unroll <= 1 && p.length > 1) return undefined;
  const rounds = p.length <= p.unroll ? 0 : Math.floor(p.length / p.unroll);
  const whole = rounds * p.unroll;
  const run = (...args: Tensor[]): readonly Tensor[] => {
    const consts = args.slice(0, p.consts);
    const xs = args.slice(p.consts + p.carry);
    let carry: readonly Tensor[] = args.slice(p.consts, p.consts + p.carry);
    const part = (from: number, count: number): Tensor[] => xs.map((x) => sliceAlong(x, 0, from, count));
    const rest = (): readonly Tensor[] => {
      const done = steps(p, p.length - whole, consts, carry, part(whole, p.length - whole));
      carry = done.carry;
      return done.ys;
    };
    if (rounds === 0) {
      const ys = rest();
      return [...carry, ...ys];
    }
    const looped = (): readonly Tensor[] => {
      const grouped = part(0, whole).map((x) => reshapeTo(x, [rounds, p.unroll, ...x.shape.slice(1)]));
      const round = stage(
        'scan',
        (...inner) => {
          const done = steps(
            p,
            p.unroll,
            inner.slice(0, p.consts),
            inner.slice(p.consts, p.consts + p.carry),
            inner.slice(p.consts + p.carry),
          );
          return [...done.carry, ...done.ys];
        },
        [...consts, ...carry, ...grouped.map((x) => ({ shape: x.shape.slice(1), dtype: x.dtype, weak: x.weak }))],
      );
      const outs = bind(e.primitive, [...round.captured, ...consts, ...carry, ...grouped], {
        ...p,
        program: round.program,
        consts: p.consts + round.captured.length,
        length: rounds,
        unroll: 1,
      });
      carry = outs.slice(0, p.carry);
      return outs.slice(p.carry).map((y) => reshapeTo(y, [whole, ...y.shape.slice(2)]));
    };
    if (whole === p.length) {
      const ys = looped();
      return [...carry, ...ys];
    }
    // In reverse the remainder, which stands at the end, comes first.
    const [last, first] = p.reverse ? [rest(), looped()] : [undefined, looped()];
    const tail = last ?? rest();
    return [...carry, ...first.map((y, j) => concatenateAlong([y, tail[j]!], 0))];
  };
  const { program, captured } = stage(
    'scan',
    run,
    e.inputs.map((v) => v.aval),
  );
  if (captured.length > 0) throw new Error('scan: unrolling captured a value');
  return program;
};
