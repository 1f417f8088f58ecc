// Scalar expressions as WGSL for four consecutive values of a loop variable at once; what the four share is computed once.
import { isOp, type Expr } from '../core/expr.ts';
import type { Index } from '../core/index-expr.ts';
import { renderExpr, renderGuards, renderIndex, renderStore, type Names } from './expr.ts';
import { fused, productSum } from './operation.ts';
import type { Shader } from './shader.ts';
import { literal, memoryType, registerType } from './types.ts';
import { vectorOperation, vectorType, widen, type Operand } from './vector-operation.ts';
import { course, guardsAgree, isQuad, varies, type Lane } from './vector.ts';

type Load = Extract<Expr, { readonly op: 'load' }>;

/**
 * The value of an expression for the four: a vector, or a scalar where all share it. The lane's variable is named by its first
 * value; `names.row`, `names.acc`, and with `lane.locals` the locals, name vectors.
 */
const renderVector = (s: Shader, names: Names, lane: Lane, e: Expr): Operand => {
  if (!varies(lane, e)) return { text: renderExpr(s, names, e), wide: false };
  const known = s.lookup(e);
  if (known !== undefined) return { text: known, wide: true };
  const keep = (text: string): Operand => {
    const name = s.fresh('t');
    s.line(`let ${name} = ${text};`);
    s.remember(e, name);
    return { text: name, wide: true };
  };
  if (isOp(e)) {
    const sum = productSum(e);
    if (sum !== undefined && s.lookup(sum.product) === undefined) {
      const terms = [...sum.product.args, sum.addend].map((a) => wideValue(s, names, lane, a));
      return keep(fused(sum.minus, terms));
    }
    const operands = e.args.map((a) => renderVector(s, names, lane, a));
    return keep(vectorOperation(e, operands, s.use));
  }
  switch (e.op) {
    case 'index':
      return keep(indices(s, names, lane, e.index));
    case 'load':
      return load(s, names, lane, e, keep);
    case 'guarded': {
      if (!guardsAgree(lane, e.guards)) throw new Error('wgsl: four values at once take different branches');
      const guards = renderGuards(s, names, e.guards);
      if (guards === undefined) return renderVector(s, names, lane, e.then);
      const name = s.fresh('t');
      s.line(`var ${name}: ${vectorType(e.dtype)};`);
      s.open(`if (${guards})`);
      s.line(`${name} = ${wideValue(s, names, lane, e.then)};`);
      s.between('else');
      s.line(`${name} = ${wideValue(s, names, lane, e.otherwise)};`);
      s.close();
      s.remember(e, name);
      return { text: name, wide: true };
    }
    case 'row':
      if (names.row === undefined) throw new Error('wgsl: a kept row is read where there is none');
      return keep(names.row(e.row));
    default:
      return { text: renderExpr(s, names, e), wide: true };
  }
};

/** The same as a vector in any case. */
const wideValue = (s: Shader, names: Names, lane: Lane, e: Expr): string =>
  widen(renderVector(s, names, lane, e), e.dtype);

/** A value for the four along a lane; without a lane, the one. */
export const renderValue = (s: Shader, names: Names, lane: Lane | undefined, e: Expr): string =>
  lane === undefined ? renderExpr(s, names, e) : wideValue(s, names, lane, e);

/** Names for one of the four. */
const one = (s: Shader, names: Names, lane: Lane, j: number): Names => {
  const first = names.vars.get(lane.axis.id) ?? '0';
  return {
    ...names,
    vars: j === 0 ? names.vars : new Map([...names.vars, [lane.axis.id, `(${first} + ${j})`]]),
    inIndex: (e) => {
      const { text, wide } = renderVector(s, names, lane, e);
      return wide ? `${text}[${j}]` : text;
    },
  };
};

const four = [0, 1, 2, 3];

const indices = (s: Shader, names: Names, lane: Lane, i: Index): string => {
  const step = course(lane, i)?.step;
  if (step === undefined) return `vec4<i32>(${four.map((j) => renderIndex(s, one(s, names, lane, j), i)).join(', ')})`;
  const steps = four.map((j) => j * step).join(', ');
  return `vec4<i32>(${renderIndex(s, names, i)}) + vec4<i32>(${steps})`;
};

const load = (s: Shader, names: Names, lane: Lane, e: Load, keep: (text: string) => Operand): Operand => {
  const fromMemory = (text: string): string => (e.dtype === 'bool' ? `${text} != vec4<u32>()` : text);
  const at = (j: number): string => s.element(e.buffer, renderIndex(s, one(s, names, lane, j), e.index), false);
  const agree = guardsAgree(lane, e.guards);
  const together = (): string =>
    fromMemory(
      isQuad(s, lane, e.buffer, e.index) && s.isPacked(e.buffer)
        ? s.quad(e.buffer, renderIndex(s, names, e.index), false)
        : `vec4<${memoryType(e.dtype)}>(${course(lane, e.index)?.step === 0 ? at(0) : four.map(at).join(', ')})`,
    );
  const guards = agree ? renderGuards(s, names, e.guards) : undefined;
  if (agree && guards === undefined) return keep(together());
  const name = s.fresh('t');
  s.line(`var ${name} = ${vectorType(e.dtype)}(${literal(e.fill, e.dtype, s.use)});`);
  s.remember(e, name);
  if (guards !== undefined) {
    // What an index is computed from may be read only where the guards hold, but is named here.
    const text = together();
    s.line(`if (${guards}) { ${name} = ${text}; }`);
  } else
    for (const j of four) {
      const own = one(s, names, lane, j);
      const test = renderGuards(s, own, e.guards);
      const value = `${at(j)}${e.dtype === 'bool' ? ' != 0u' : ''}`;
      s.line(test === undefined ? `${name}[${j}] = ${value};` : `if (${test}) { ${name}[${j}] = ${value}; }`);
    }
  return { text: name, wide: true };
};

/** `buffer[index ..] = value`, a vector, for the four. */
const storeVector = (s: Shader, names: Names, lane: Lane, buffer: number, index: Index, value: string): void => {
  const { dtype } = s.target.info(buffer);
  const text = memoryType(dtype) === registerType(dtype) ? value : `vec4<u32>(${value})`;
  if (isQuad(s, lane, buffer, index) && s.isPacked(buffer)) {
    s.line(`${s.quad(buffer, renderIndex(s, names, index), true)} = ${text};`);
    return;
  }
  const name = s.fresh('w');
  s.line(`let ${name} = ${text};`);
  for (const j of four)
    s.line(`${s.element(buffer, renderIndex(s, one(s, names, lane, j), index), true)} = ${name}[${j}];`);
};

/** `buffer[index] = value`, value being what `renderValue` gives for the same lane. */
export const storeValue = (
  s: Shader,
  names: Names,
  lane: Lane | undefined,
  buffer: number,
  index: Index,
  value: string,
): void =>
  lane === undefined ? renderStore(s, names, buffer, index, value) : storeVector(s, names, lane, buffer, index, value);

/** Stores along a lane, or of one point; every value before any store, as a result may be written over what it is computed from. */
export const renderStores = (
  s: Shader,
  names: Names,
  lane: Lane | undefined,
  stores: readonly { readonly buffer: number; readonly index: Index; readonly value: Expr }[],
): void => {
  const values = stores.map((a) => renderValue(s, names, lane, a.value));
  stores.forEach((a, i) => storeValue(s, names, lane, a.buffer, a.index, values[i]!));
};
