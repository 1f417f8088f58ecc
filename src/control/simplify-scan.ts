// Simplification of scans: carries that never change become constants, unused results go, what is the same at every step is computed before.
import type { Plainer, Simplification } from '../core/primitive.ts';
import type { Equation, Value } from '../core/program.ts';
import { hoistFrom, keep, needed, reads, withParams } from './live.ts';
import { unrolled } from './unroll.ts';
import type { ScanParams } from './scan-parts.ts';

const plainScan = (e: Equation): Plainer => {
  const { program: p, consts, carry } = e.params as unknown as ScanParams;
  const same: [Value, Value][] = [];
  const fixed = p.outs.slice(0, carry).map((v, i) => v === p.inputs[consts + i]);
  const moving = fixed.map((f) => !f);
  // Results that are an x, or another result.
  const ys = p.outs.slice(carry);
  const keptYs = ys.map((v, j) => {
    const x = p.inputs.indexOf(v, consts + carry);
    const twin = ys.indexOf(v);
    if (x >= 0) same.push([e.outs[carry + j]!, e.inputs[x]!]);
    else if (twin < j) same.push([e.outs[carry + j]!, e.outs[carry + twin]!]);
    return x < 0 && twin === j;
  });
  fixed.forEach((f, i) => f && same.push([e.outs[i]!, e.inputs[consts + i]!]));
  if (same.length === 0) return { equation: e, same };
  const arrange = <A>(list: readonly A[]): A[] => {
    const c = list.slice(consts, consts + carry);
    return [...list.slice(0, consts), ...keep(c, fixed), ...keep(c, moving), ...list.slice(consts + carry)];
  };
  const mask = [...moving, ...keptYs];
  const equation = withParams(
    { ...e, inputs: arrange(e.inputs), outs: keep(e.outs, mask) },
    {
      program: { inputs: arrange(p.inputs), equations: p.equations, outs: keep(p.outs, mask) },
      consts: consts + fixed.filter(Boolean).length,
      carry: moving.filter(Boolean).length,
    },
  );
  return { equation, same };
};

const pruneScan = (e: Equation, live: readonly boolean[]): Equation => {
  const { program: p, consts, carry } = e.params as unknown as ScanParams;
  let wanted = [...live];
  let read: boolean[];
  for (;;) {
    read = reads({ ...p, outs: keep(p.outs, wanted) });
    const grown = wanted.map((w, i) => w || (i < carry && read[consts + i]!));
    if (grown.every((w, i) => w === wanted[i])) break;
    wanted = grown;
  }
  // A carry that is only written still needs its place in front.
  const inputs = p.inputs.map((_, i) => (i >= consts && i < consts + carry ? wanted[i - consts]! : read[i]!));
  if (wanted.every(Boolean) && inputs.every(Boolean)) return e;
  return withParams(
    { ...e, inputs: keep(e.inputs, inputs), outs: keep(e.outs, wanted) },
    {
      program: needed({ inputs: keep(p.inputs, inputs), equations: p.equations, outs: keep(p.outs, wanted) }),
      consts: inputs.slice(0, consts).filter(Boolean).length,
      carry: wanted.slice(0, carry).filter(Boolean).length,
    },
  );
};

const hoistScan: NonNullable<Simplification['hoist']> = (e) => {
  const { program, consts } = e.params as unknown as ScanParams;
  const { before, values, body } = hoistFrom(program, consts, e.inputs);
  if (before.length === 0) return { before, equation: e };
  const equation = withParams(
    { ...e, inputs: [...values, ...e.inputs] },
    { program: body, consts: consts + values.length },
  );
  return {
    before,
    equation: pruneScan(
      equation,
      e.outs.map(() => true),
    ),
  };
};

export const simplifyScan: Simplification = {
  expand: unrolled,
  plainer: plainScan,
  prune: pruneScan,
  hoist: hoistScan,
};
