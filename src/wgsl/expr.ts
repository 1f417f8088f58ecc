// Scalar expressions and indices as WGSL: every distinct operation becomes one `let`, shared by object identity.
import type { DType } from '../core/dtype.ts';
import { isOp, type Expr, type OpExpr } from '../core/expr.ts';
import { range, type Guard, type Index } from '../core/index-expr.ts';
import { fused, operation, productSum } from './operation.ts';
import { quotient, remainder } from './points.ts';
import type { Shader } from './shader.ts';
import { literal, memoryType, registerType } from './types.ts';

/** Names of what a kernel's expressions refer to. */
export interface Names {
  /** Of a loop variable, by id; an i32. */
  readonly vars: ReadonlyMap<number, string>;
  readonly locals?: ReadonlyMap<number, string>;
  /** The element kept for the current inner position, as text of the register's type. */
  readonly row?: (row: number) => string;
  readonly acc?: string;
  /** The value of an expression inside of an index, where it is not what renderExpr gives. */
  readonly inIndex?: (e: Expr) => string;
}

const negative = (i: Index): boolean => range(i)[0] < 0;

/** An index as an i32 expression. Values inside it are computed by lines that come before. */
export const renderIndex = (s: Shader, names: Names, i: Index): string => {
  const parts: string[] = [];
  for (const { coef, atom } of i.terms) {
    let text: string;
    if (atom.kind === 'var') {
      const name = names.vars.get(atom.var.id);
      if (name === undefined) throw new Error(`wgsl: an index uses the variable ${atom.var.id}, which is not in scope`);
      text = name;
    } else if (atom.kind === 'value') {
      const value = names.inIndex?.(atom.value) ?? renderExpr(s, names, atom.value);
      text = atom.value.dtype === 'int32' ? value : `i32(${value})`;
    } else text = renderDigit(s, renderIndex(s, names, atom.of), negative(atom.of), atom.div, atom.mod);
    parts.push(coef === 1 ? text : `${text} * ${coef}`);
  }
  if (i.offset !== 0 || parts.length === 0) parts.push(String(i.offset));
  return parts.join(' + ');
};

const renderDigit = (s: Shader, of: string, negative: boolean, div: number, mod: number): string => {
  if (negative) {
    let text = of;
    if (div > 1) {
      s.use('floor_div');
      text = `floor_div(${text}, ${div})`;
    }
    if (mod === Infinity) return text;
    s.use('floor_mod');
    return `floor_mod(${text}, ${mod})`;
  }
  const above = quotient(of, div);
  return `(${mod === Infinity ? above : remainder(above, mod)})`;
};

/**
 * The conditions that ranges do not prove, joined; undefined where there are none. All of them are computed: a branch for each costs
 * more, and compilers of software drivers take minutes over many.
 */
export const renderGuards = (s: Shader, names: Names, guards: readonly Guard[]): string | undefined => {
  const tests: string[] = [];
  for (const g of guards) {
    const [lo, hi] = range(g.index);
    const text = renderIndex(s, names, g.index);
    if (lo < g.lo && hi >= g.hi && g.hi > g.lo) {
      const above = g.lo === 0 ? text : `${text} - ${g.lo}`;
      // A number that is known as it stands has no type yet, and may be negative.
      tests.push(`u32(${/[a-z]/i.test(above) ? above : `i32(${above})`}) < ${g.hi - g.lo}u`);
    } else {
      if (lo < g.lo) tests.push(`${text} >= ${g.lo}`);
      if (hi >= g.hi) tests.push(`${text} < ${g.hi}`);
    }
  }
  return tests.length === 0 ? undefined : tests.length === 1 ? tests[0] : tests.map((x) => `(${x})`).join(' & ');
};

/** An element of a buffer as text of the register's type. */
export const readElement = (s: Shader, buffer: number, index: string, d: DType): string =>
  `${s.element(buffer, index, false)}${d === 'bool' ? ' != 0u' : ''}`;

/** The value of an expression as a name or a constant; lines that compute it are added where they are needed first. */
export const renderExpr = (s: Shader, names: Names, e: Expr): string => {
  if (e.op === 'const') return literal(e.value, e.dtype, s.use);
  const known = s.lookup(e);
  if (known !== undefined) return known;
  const keep = (text: string): string => {
    const name = s.fresh('t');
    s.line(`let ${name} = ${text};`);
    s.remember(e, name);
    return name;
  };
  if (isOp(e)) {
    const sum = productSum(e);
    if (sum === undefined || s.lookup(sum.product) !== undefined)
      return keep(operation(e, operands(s, names, e), s.use));
    const terms = [...sum.product.args, sum.addend].map((a) => renderExpr(s, names, a));
    return keep(fused(sum.minus, terms));
  }
  switch (e.op) {
    case 'index':
      return keep(renderIndex(s, names, e.index));
    case 'load':
      return renderLoad(s, names, e, keep);
    case 'guarded': {
      const guards = renderGuards(s, names, e.guards);
      if (guards === undefined) return renderExpr(s, names, e.then);
      const name = s.fresh('t');
      s.line(`var ${name}: ${registerType(e.dtype)};`);
      s.open(`if (${guards})`);
      s.line(`${name} = ${renderExpr(s, names, e.then)};`);
      s.between('else');
      s.line(`${name} = ${renderExpr(s, names, e.otherwise)};`);
      s.close();
      s.remember(e, name);
      return name;
    }
    case 'local': {
      const name = names.locals?.get(e.local);
      if (name === undefined) throw new Error(`wgsl: the reduction ${e.local} is read before it is computed`);
      return name;
    }
    case 'row':
      if (names.row === undefined) throw new Error('wgsl: a kept row is read where there is none');
      return keep(names.row(e.row));
    case 'acc':
      if (names.acc === undefined) throw new Error('wgsl: an accumulator is read outside of an epilogue');
      return names.acc;
    case 'arg':
    case 'iota':
      throw new Error(`wgsl: ${e.op} has no place in a kernel`);
  }
};

// WGSL evaluates what consists of constants itself, and refuses overflow: one of them has to be a value.
const operands = (s: Shader, names: Names, e: OpExpr): readonly string[] => {
  const args = e.args.map((a) => renderExpr(s, names, a));
  const first = e.args[0];
  if (first === undefined || !e.args.every((a) => a.op === 'const')) return args;
  const name = s.fresh('c');
  s.line(`let ${name} = ${args[0]!};`);
  return [name, ...args.slice(1)];
};

const renderLoad = (
  s: Shader,
  names: Names,
  e: Extract<Expr, { op: 'load' }>,
  keep: (text: string) => string,
): string => {
  const guards = renderGuards(s, names, e.guards);
  const at = renderIndex(s, names, e.index);
  if (guards === undefined) return keep(readElement(s, e.buffer, at, e.dtype));
  const name = s.fresh('t');
  s.line(`var ${name} = ${literal(e.fill, e.dtype, s.use)};`);
  s.line(`if (${guards}) { ${name} = ${readElement(s, e.buffer, at, e.dtype)}; }`);
  s.remember(e, name);
  return name;
};

/** `buffer[index] = value`, value being a name or a constant. */
export const writeElement = (s: Shader, buffer: number, index: string, value: string): void => {
  const { dtype } = s.target.info(buffer);
  const text = memoryType(dtype) === registerType(dtype) ? value : `u32(${value})`;
  s.line(`${s.element(buffer, index, true)} = ${text};`);
};
/** The same at an index of a kernel. */
export const renderStore = (s: Shader, names: Names, buffer: number, index: Index, value: string): void =>
  writeElement(s, buffer, renderIndex(s, names, index), value);
