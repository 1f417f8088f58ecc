// Programs: equations as plain data, what staging makes and everything after it reads.
import { showAval, type Aval } from './aval.ts';
import type { Params, Primitive } from './primitive.ts';

/** A value of a program. Compared by identity. */
export interface Value {
  readonly aval: Aval;
}

export interface Equation {
  readonly primitive: Primitive;
  readonly inputs: readonly Value[];
  readonly params: Params;
  readonly outs: readonly Value[];
  /** The user's own line that asked for it. */
  readonly frame?: (() => string | undefined) | undefined;
  /** Known while debug.nans traces: whether it computes values or cotangents. */
  readonly phase?: 'forward' | 'backward' | undefined;
}

export interface Program {
  readonly inputs: readonly Value[];
  readonly equations: readonly Equation[];
  readonly outs: readonly Value[];
}

export const value = (aval: Aval): Value => ({ aval });

export const isProgram = (x: unknown): x is Program =>
  typeof x === 'object' && x !== null && 'equations' in x && 'inputs' in x && 'outs' in x;

/** The programs among an equation's parameters. */
export const subprograms = (params: Params): Program[] =>
  Object.values(params).flatMap((p) => (isProgram(p) ? [p] : Array.isArray(p) ? p.filter(isProgram) : []));

/** Parameters with the programs among them replaced. */
export const mapPrograms = (params: Params, f: (p: Program) => Program): Params =>
  Object.fromEntries(
    Object.entries(params).map(([name, p]) => [
      name,
      isProgram(p) ? f(p) : Array.isArray(p) ? p.map((x: unknown) => (isProgram(x) ? f(x) : x)) : p,
    ]),
  );

const effectful = new WeakMap<Program, boolean>();
/** True where the equation, or one in a program that it holds, does more than compute its outputs. */
export const hasEffects = (e: Equation): boolean =>
  e.primitive.effects !== undefined ||
  subprograms(e.params).some((p) => {
    let known = effectful.get(p);
    if (known === undefined) effectful.set(p, (known = p.equations.some(hasEffects)));
    return known;
  });

const letters = (n: number): string =>
  (n < 26 ? '' : letters(Math.floor(n / 26) - 1)) + String.fromCharCode(97 + (n % 26));

const showParam = (v: unknown, indent: string): string => {
  if (isProgram(v)) return printProgram(v, `${indent}    `);
  if (Array.isArray(v)) return `[${v.map((x) => showParam(x, indent)).join(',')}]`;
  if (typeof v === 'function') return v.name === '' ? 'function' : v.name;
  if (typeof v === 'object' && v !== null)
    return `{${Object.entries(v)
      .map(([k, x]) => `${k}:${showParam(x, indent)}`)
      .join(',')}}`;
  return String(v);
};

/** A program as text, one equation a line, in the manner of a jaxpr. Names depend only on the structure. */
export const printProgram = (p: Program, indent = ''): string => {
  const names = new Map<Value, string>();
  const name = (v: Value): string => {
    let s = names.get(v);
    if (s === undefined) names.set(v, (s = letters(names.size)));
    return s;
  };
  const typed = (v: Value): string => `${name(v)}:${showAval(v.aval)}`;
  const head = `{ lambda ${p.inputs.map(typed).join(' ')} . let`;
  const body = p.equations.map((e) => {
    const params = Object.entries(e.params).filter(([, v]) => v !== undefined);
    const shown = params.length === 0 ? '' : `[${params.map(([k, v]) => `${k}=${showParam(v, indent)}`).join(' ')}]`;
    const args = e.inputs.map((v) => ` ${name(v)}`).join('');
    return `${e.outs.map(typed).join(' ')} = ${e.primitive.name}${shown}${args}`;
  });
  const tail = `in (${p.outs.map(name).join(', ')}) }`;
  return [head, ...body.map((b) => `${indent}    ${b}`), `${indent}  ${tail}`].join('\n');
};
