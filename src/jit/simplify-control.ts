// Simplification of control flow: carries that never change become constants, unused results go, and what is the same at every step is computed once before.
import { sizeOf } from '../core/aval.ts';
import { hasEffects, type Equation, type Program, type Value } from '../core/program.ts';
import { invariantPart } from '../core/invariant.ts';

interface Scan {
  readonly program: Program;
  readonly consts: number;
  readonly carry: number;
}
interface While {
  readonly cond: Program;
  readonly body: Program;
  readonly condConsts: number;
  readonly bodyConsts: number;
}

const keep = <A>(list: readonly A[], mask: readonly boolean[]): A[] => list.filter((_, i) => mask[i]!);
const withParams = (e: Equation, params: object): Equation => ({ ...e, params: { ...e.params, ...params } });

/** Equations that the outputs or effects need. */
const needed = (p: Program): Program => {
  const live = new Set(p.outs);
  const equations: Equation[] = [];
  for (let i = p.equations.length - 1; i >= 0; i--) {
    const e = p.equations[i]!;
    if (!hasEffects(e) && !e.outs.some((v) => live.has(v))) continue;
    e.inputs.forEach((v) => live.add(v));
    equations.push(e);
  }
  return { inputs: p.inputs, equations: equations.reverse(), outs: p.outs };
};
const readsOf = (p: Program): Set<Value> => new Set([...p.outs, ...p.equations.flatMap((e) => e.inputs)]);

/** The inputs that some output or effect depends on. */
const reads = (p: Program): boolean[] => {
  const read = readsOf(needed(p));
  return p.inputs.map((v) => read.has(v));
};

/** An equation whose loop says more plainly what it does, and outputs that equal other values. */
export interface Plainer {
  readonly equation: Equation;
  readonly same: readonly (readonly [Value, Value])[];
}

const plainScan = (e: Equation): Plainer => {
  const { program: p, consts, carry } = e.params as unknown as Scan;
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

const plainWhile = (e: Equation): Plainer => {
  const { cond, body, condConsts, bodyConsts } = e.params as unknown as While;
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

/** Carries that never change become constants; results that are something else already are that. */
export const plainer = (e: Equation): Plainer => {
  if (e.primitive.name === 'scan') return plainScan(e);
  if (e.primitive.name === 'while') return plainWhile(e);
  return { equation: e, same: [] };
};

const pruneScan = (e: Equation, live: readonly boolean[]): Equation => {
  const { program: p, consts, carry } = e.params as unknown as Scan;
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

const pruneWhile = (e: Equation, live: readonly boolean[]): Equation => {
  const { cond, body, condConsts, bodyConsts } = e.params as unknown as While;
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

const pruneCond = (e: Equation, live: readonly boolean[]): Equation => {
  const branches = (e.params['branches'] as readonly Program[]).map((b) => needed({ ...b, outs: keep(b.outs, live) }));
  const read = branches.map(reads);
  const used = branches[0]!.inputs.map((_, i) => read.some((r) => r[i]!));
  if (live.every(Boolean) && used.every(Boolean)) return e;
  return withParams(
    { ...e, inputs: keep(e.inputs, [true, ...used]), outs: keep(e.outs, live) },
    { branches: branches.map((b) => ({ ...b, inputs: keep(b.inputs, used) })) },
  );
};

/** The equation without the results that nobody needs and without what only those needed. */
export const prune = (e: Equation, live: readonly boolean[]): Equation => {
  switch (e.primitive.name) {
    case 'scan':
      return pruneScan(e, live);
    case 'while':
      return pruneWhile(e, live);
    case 'cond':
      return pruneCond(e, live);
    default:
      return e;
  }
};

/** Worth computing once: it costs something, and what it makes is not much more than what it is made of. */
const worthHoisting = (e: Equation): boolean => {
  if (e.inputs.length === 0 || hasEffects(e)) return false;
  const { tag } = e.primitive.lower(
    e.inputs.map((v) => v.aval),
    e.params,
    e.outs.map((v) => v.aval),
  );
  if (tag === 'move') return false;
  if (tag !== 'map') return true;
  const size = (vs: readonly Value[]): number => vs.reduce((n, v) => n + sizeOf(v.aval.shape), 0);
  return size(e.outs) <= 4 * size(e.inputs);
};

/** A body with what depends on its first inputs alone taken out: what to compute before, and the body that takes it as inputs. */
const hoistFrom = (
  body: Program,
  consts: number,
  outside: readonly Value[],
): { readonly before: readonly Equation[]; readonly values: readonly Value[]; readonly body: Program } => {
  const own = body.inputs.slice(0, consts);
  const invariant = invariantPart(body, own);
  const moved = new Set(body.equations.filter((e) => e.outs.every((v) => invariant.has(v)) && worthHoisting(e)));
  const rest = body.equations.filter((e) => !moved.has(e));
  const used = readsOf({ ...body, equations: rest });
  const frontier = [...moved].flatMap((e) => e.outs.filter((v) => used.has(v)));
  if (frontier.length === 0) return { before: [], values: [], body };
  const env = new Map<Value, Value>(own.map((v, i) => [v, outside[i]!]));
  const before = invariant.program(frontier).equations.map((e): Equation => {
    const outs = e.outs.map((v): Value => ({ aval: v.aval }));
    const inputs = e.inputs.map((v) => env.get(v)!);
    e.outs.forEach((v, i) => env.set(v, outs[i]!));
    return { ...e, inputs, outs };
  });
  return {
    before,
    values: frontier.map((v) => env.get(v)!),
    body: needed({ inputs: [...frontier, ...body.inputs], equations: rest, outs: body.outs }),
  };
};

/** Loop-invariant work computed once, before the loop. */
export const hoist = (e: Equation): { readonly before: readonly Equation[]; readonly equation: Equation } => {
  if (e.primitive.name === 'scan') {
    const { program, consts } = e.params as unknown as Scan;
    const { before, values, body } = hoistFrom(program, consts, e.inputs);
    if (before.length === 0) return { before, equation: e };
    const equation = withParams(
      { ...e, inputs: [...values, ...e.inputs] },
      { program: body, consts: consts + values.length },
    );
    return {
      before,
      equation: prune(
        equation,
        e.outs.map(() => true),
      ),
    };
  }
  if (e.primitive.name === 'while') {
    const { cond, body, condConsts, bodyConsts } = e.params as unknown as While;
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
      equation: prune(
        equation,
        e.outs.map(() => true),
      ),
    };
  }
  return { before: [], equation: e };
};
