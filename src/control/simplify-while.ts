// Simplification of open loops: carries that never change become constants, unused results go, what is the same at every step is computed before.
import type { Plainer, Simplification } from '../core/primitive.ts';
import type { Equation, Value } from '../core/program.ts';
import { hoistFrom, keep, needed, reads, withParams } from './live.ts';
import type { WhileParams } from './while.ts';

const plainWhile = (e: Equation): Plainer => {
  const { cond, body, condConsts, bodyConsts } = e.params as unknown as WhileParams;
  const start = condConsts + bodyConsts;
  const fixed = body.outs.map((v, i) => v === body.inputs[bodyConsts + i]);
  if (!fixed.some(Boolean)) return { equation: e, same: [] };
  const moving = fixed.map((f) => !f);
  const same = e.outs.flatMap((v, i): [Value, Value][] => (fixed[i]! ? [[v, e.inputs[start + i]!]] : []));
  const carry = e.inputs.slice(start);
  const arrange = <A>(list: readonly A[], at: number): A[] => [
    ...list.slice(0, at),
    ...keep(list.slice(at), fixed),
    ...keep(list.slice(at), moving),
  ];
  const count = fixed.filter(Boolean).length;
  const equation = withParams(
    {
      ...e,
      inputs: [
        ...e.inputs.slice(0, condConsts),
        ...keep(carry, fixed),
        ...e.inputs.slice(condConsts, start),
        ...keep(carry, fixed),
        ...keep(carry, moving),
      ],
      outs: keep(e.outs, moving),
    },
    {
      cond: { ...cond, inputs: arrange(cond.inputs, condConsts) },
      body: { ...body, inputs: arrange(body.inputs, bodyConsts), outs: keep(body.outs, moving) },
      condConsts: condConsts + count,
      bodyConsts: bodyConsts + count,
    },
  );
  return { equation, same };
};

const pruneWhile = (e: Equation, live: readonly boolean[]): Equation => {
  const { cond, body, condConsts, bodyConsts } = e.params as unknown as WhileParams;
  const condReads = reads(cond);
  let wanted = live.map((l, i) => l || condReads[condConsts + i]!);
  let read: boolean[];
  for (;;) {
    read = reads({ ...body, outs: keep(body.outs, wanted) });
    const grown = wanted.map((w, i) => w || read[bodyConsts + i]!);
    if (grown.every((w, i) => w === wanted[i])) break;
    wanted = grown;
  }
  const condMask = [...condReads.slice(0, condConsts), ...wanted];
  const bodyMask = [...read.slice(0, bodyConsts), ...wanted];
  if ([...condMask, ...bodyMask].every(Boolean)) return e;
  return withParams(
    {
      ...e,
      inputs: keep(e.inputs, [...condMask.slice(0, condConsts), ...bodyMask]),
      outs: keep(e.outs, wanted),
    },
    {
      cond: { ...cond, inputs: keep(cond.inputs, condMask) },
      body: needed({ inputs: keep(body.inputs, bodyMask), equations: body.equations, outs: keep(body.outs, wanted) }),
      condConsts: condMask.slice(0, condConsts).filter(Boolean).length,
      bodyConsts: bodyMask.slice(0, bodyConsts).filter(Boolean).length,
    },
  );
};

const hoistWhile: NonNullable<Simplification['hoist']> = (e) => {
  const { cond, body, condConsts, bodyConsts } = e.params as unknown as WhileParams;
  const c = hoistFrom(cond, condConsts, e.inputs);
  const b = hoistFrom(body, bodyConsts, e.inputs.slice(condConsts));
  if (c.before.length + b.before.length === 0) return { before: [], equation: e };
  const equation = withParams(
    {
      ...e,
      inputs: [...c.values, ...e.inputs.slice(0, condConsts), ...b.values, ...e.inputs.slice(condConsts)],
    },
    {
      cond: c.body,
      body: b.body,
      condConsts: condConsts + c.values.length,
      bodyConsts: bodyConsts + b.values.length,
    },
  );
  return {
    before: [...c.before, ...b.before],
    equation: pruneWhile(
      equation,
      e.outs.map(() => true),
    ),
  };
};

export const simplifyWhile: Simplification = { plainer: plainWhile, prune: pruneWhile, hoist: hoistWhile };
