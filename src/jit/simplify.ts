// Simplification of programs: calls inlined, equal equations merged, trivial ones skipped, dead ones dropped.
import { showAval, sizeOf } from '../core/aval.ts';
import type { Params } from '../core/primitive.ts';
import {
  hasEffects,
  isProgram,
  mapPrograms,
  subprograms,
  type Equation,
  type Program,
  type Value,
} from '../core/program.ts';
import { staticKey } from '../core/tree.ts';
import { accumulate } from './accumulate.ts';

const programKeys = new WeakMap<Program, string>();
/** A program as text: equal where programs compute the same by the same equations. */
const programKey = (p: Program): string => {
  let key = programKeys.get(p);
  if (key === undefined) {
    const ids = new Map<Value, number>();
    const id = (v: Value): number => {
      if (!ids.has(v)) ids.set(v, ids.size);
      return ids.get(v)!;
    };
    const typed = (v: Value): string => `${id(v)}:${showAval(v.aval)}`;
    const lines = p.equations.map(
      (e) => `${e.outs.map(typed).join()}=${e.primitive.name}(${e.inputs.map(id).join()})${paramsKey(e.params)}`,
    );
    programKeys.set(p, (key = `{${p.inputs.map(typed).join()}|${lines.join('|')}|${p.outs.map(id).join()}}`));
  }
  return key;
};

const paramKey = (x: unknown): string => {
  if (isProgram(x)) return programKey(x);
  if (Array.isArray(x)) return `[${x.map(paramKey).join(',')}]`;
  if (typeof x === 'object' && x !== null && Object.getPrototypeOf(x) === Object.prototype)
    return `{${Object.entries(x)
      .map(([k, v]) => `${k}:${paramKey(v)}`)
      .join(',')}}`;
  return staticKey(x);
};
/** Parameters as text: equal exactly when they mean the same. */
export const paramsKey = (p: Params): string => {
  let s = '';
  for (const k in p) s += `${k}=${paramKey(p[k])};`;
  return s;
};

const simplified = new WeakMap<Program, Program>();
/** A program inside of another, simplified once. */
const inner = (p: Program): Program => {
  let s = simplified.get(p);
  if (s === undefined) simplified.set(p, (s = simplify(p)));
  return s;
};
const withInner = (e: Equation): Equation =>
  subprograms(e.params).length === 0 ? e : { ...e, params: mapPrograms(e.params, inner) };

/** The program with equations replaced by those of the programs that `inside` gives for them; itself where there are none. */
export const writeOut = (p: Program, inside: (e: Equation) => Program | undefined): Program => {
  const known = new Map<Equation, Program | undefined>();
  const writtenOf = (e: Equation): Program | undefined => {
    if (!known.has(e)) known.set(e, inside(e));
    return known.get(e);
  };
  if (!p.equations.some((e) => writtenOf(e) !== undefined)) return p;
  const equations: Equation[] = [];
  const emit = (program: Program, inputs: readonly Value[]): Value[] => {
    const env = new Map<Value, Value>();
    program.inputs.forEach((v, i) => env.set(v, inputs[i]!));
    const read = (v: Value): Value => env.get(v)!;
    for (const e of program.equations) {
      const ins = e.inputs.map(read);
      const written = writtenOf(e);
      const outs = written === undefined ? e.outs.map((v): Value => ({ aval: v.aval })) : emit(written, ins);
      if (written === undefined) equations.push({ ...e, inputs: ins, outs });
      e.outs.forEach((v, i) => env.set(v, outs[i]!));
    }
    return program.outs.map(read);
  };
  const outs = emit(p, p.inputs);
  return { inputs: p.inputs, equations, outs };
};

/** What a call stands for, and the steps of a scan that is to be written out. */
const called = (e: Equation): Program | undefined =>
  e.primitive.inlined === true ? (e.params['program'] as Program) : e.primitive.simplification?.expand?.(e);

/** The value an equation's single output equals without computing anything, if there is one. */
const sameAs = (e: Equation, constant: (v: Value) => number | undefined): Value | undefined => {
  const [x, y] = e.inputs;
  const out = e.outs[0]!.aval;
  const isConst = (v: Value | undefined, n: number): boolean => v !== undefined && constant(v) === n;
  switch (e.primitive.name) {
    case 'stopGradient':
    case 'name':
      return x;
    case 'convert':
      return x!.aval.dtype === out.dtype ? x : undefined;
    case 'mul':
      return isConst(y, 1) ? x : isConst(x, 1) ? y : undefined;
    case 'div':
      return isConst(y, 1) ? x : undefined;
    case 'add':
      return isConst(y, 0) ? x : isConst(x, 0) ? y : undefined;
    case 'sub':
      return isConst(y, 0) ? x : undefined;
    case 'select':
      return y === e.inputs[2] ? y : undefined;
    default:
      return undefined;
  }
};

/** Operations that only move elements: of one constant they make that constant again. */
export const moves: ReadonlySet<string> = new Set(['broadcast', 'reshape', 'transpose']);

/** The program without what it need not compute. Values and effects are preserved. */
export const simplify = (program: Program): Program => {
  const p = writeOut(program, called);
  const ids = new Map<Value, number>();
  const replaced = new Map<Value, Value>();
  const constants = new Map<Value, { readonly value: number; readonly full: Equation }>();
  const known = new Map<string, readonly Value[]>();
  const id = (v: Value): number => {
    let n = ids.get(v);
    if (n === undefined) ids.set(v, (n = ids.size));
    return n;
  };
  const resolve = (v: Value): Value => replaced.get(v) ?? v;
  const kept: Equation[] = [];
  for (const original of p.equations) {
    const inputs = original.inputs.map(resolve);
    let e: Equation = withInner({ ...original, inputs });
    const plain = e.primitive.simplification?.plainer?.(e);
    if (plain !== undefined) {
      e = plain.equation;
      for (const [v, to] of plain.same) replaced.set(v, to);
    }
    // What is behind one barrier is not what is behind another, or in front of it.
    if (!hasEffects(e) && e.primitive.name !== 'barrier') {
      if (e.outs.length === 0) continue;
      const same = e.outs.length === 1 ? sameAs(e, (v) => constants.get(v)?.value) : undefined;
      if (same !== undefined && sizeOf(same.aval.shape) === sizeOf(e.outs[0]!.aval.shape)) {
        replaced.set(e.outs[0]!, same);
        continue;
      }
      const from = e.inputs.length === 1 && moves.has(e.primitive.name) ? constants.get(e.inputs[0]!) : undefined;
      if (from !== undefined)
        e = {
          ...e,
          primitive: from.full.primitive,
          inputs: [],
          params: { ...from.full.params, shape: e.outs[0]!.aval.shape },
        };
      const key = `${e.primitive.name}(${e.inputs.map(id).join(',')})${paramsKey(e.params)}${e.outs[0]!.aval.dtype}${e.outs[0]!.aval.weak ? '~' : ''}`;
      const twin = known.get(key);
      if (twin !== undefined) {
        e.outs.forEach((v, i) => replaced.set(v, twin[i]!));
        continue;
      }
      known.set(key, e.outs);
    }
    if (e.primitive.name === 'full') constants.set(e.outs[0]!, { value: e.params['value'] as number, full: e });
    kept.push(e);
  }
  const outs = p.outs.map(resolve);
  const live = new Set<Value>(outs);
  const equations: Equation[] = [];
  let hoisted = false;
  for (let i = kept.length - 1; i >= 0; i--) {
    const whole = kept[i]!;
    if (!hasEffects(whole) && !whole.outs.some((v) => live.has(v))) continue;
    const how = whole.primitive.simplification;
    const pruned = how?.prune(
      whole,
      whole.outs.map((v) => live.has(v)),
    );
    const { before, equation } = how?.hoist?.(pruned!) ?? { before: [], equation: pruned ?? whole };
    hoisted ||= before.length > 0;
    for (const e of [equation, ...[...before].reverse()]) {
      e.inputs.forEach((v) => live.add(v));
      equations.push(e);
    }
  }
  const result = accumulate({ inputs: p.inputs, equations: equations.reverse(), outs });
  // What came out of loops may be the same as something else.
  const done = hoisted ? simplify(result) : result;
  simplified.set(done, done);
  return done;
};
