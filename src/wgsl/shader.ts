// Text of one compute shader while it is written: its bindings, the helper functions it uses, and its lines in nested scopes.
import type { Expr } from '../core/expr.ts';
import type { BufferInfo } from '../jit/kernel.ts';
import { base, digitsFor } from './counters.ts';
import { helperText, type Helper } from './helpers.ts';
import type { GpuLimits } from './limits.ts';
import {
  placeKey,
  withUsage,
  type Digit,
  type Dispatch,
  type Flag,
  type LoopNumber,
  type Place,
  type Site,
} from './steps.ts';
import { memoryType } from './types.ts';

export interface Target {
  readonly info: (buffer: number) => BufferInfo;
  readonly site: (buffer: number) => Site;
  readonly limits: GpuLimits;
}

interface Bound {
  readonly name: string;
  readonly type: string;
  readonly place: Place;
  write: boolean;
  /** Bound as an array of vectors of four. */
  readonly packed: boolean;
}

/** What is known inside a block: names of expressions computed there. */
interface Scope {
  readonly names: Map<Expr, string>;
  readonly parent: Scope | null;
}

export interface Shader {
  readonly target: Target;
  use(helper: Helper): void;
  /** Adds a line to the body. */
  line(text: string): void;
  /** Begins a block; what is computed in it is forgotten at its end. */
  open(head: string): void;
  close(): void;
  /** Ends a block and begins its sibling: `} else {`. */
  between(text: string): void;
  fresh(prefix: string): string;
  lookup(e: Expr): string | undefined;
  remember(e: Expr, name: string): void;
  /**
   * Binds the memory of a buffer as vectors of four, from before its first access on. No element of it may be written by
   * itself then: such a write may touch the whole vector.
   */
  pack(id: number): void;
  isPacked(id: number): boolean;
  /** Tells the memory of a buffer from others'. */
  placeOf(id: number): string;
  /** An element of a buffer as it is in memory. `index` is a sum, or simpler. */
  element(id: number, index: string, write: boolean): string;
  /** Four elements of a packed buffer, as a vector. `index` is a multiple of 4, a sum, or simpler. */
  quad(id: number, index: string, write: boolean): string;
  /** The name of memory as an array of u32. */
  words(place: Place, write: boolean): string;
  /** A word of memory. */
  flag(f: Flag): string;
  /** The name of scratch memory (an array of u32) of at least so many words. */
  scratch(words: number): string;
  /** Makes use of an optional feature. */
  enable(feature: 'subgroups' | 'f16'): void;
  /** A module-scope declaration. */
  declare(text: string): void;
  finish(name: string, head: string, workgroups: readonly [number, number, number]): Dispatch;
}

export const createShader = (target: Target): Shader => {
  const helpers = new Set<Helper>();
  const bound = new Map<string, Bound>();
  const packed = new Set<string>();
  const enabled = new Set<string>();
  const counted = new Map<string, Digit>();
  const lines: string[] = [];
  const declarations: string[] = [];
  const counters = new Map<string, number>();
  let scope: Scope = { names: new Map(), parent: null };
  let depth = 1;
  let scratchWords = 0;

  const bind = (place: Place, type: string, write: boolean): Bound => {
    const key = placeKey(place);
    let b = bound.get(key);
    if (b === undefined) bound.set(key, (b = { name: `b${bound.size}`, type, place, write, packed: packed.has(key) }));
    b.write ||= write;
    return b;
  };
  const keyOf = (id: number): string => placeKey(target.site(id).place);
  // Where a buffer's memory is bound, and the index in it.
  const locate = (id: number, index: string, write: boolean): { readonly b: Bound; readonly at: string } => {
    const { place, slices } = target.site(id);
    const b = bind(place, memoryType(target.info(id).dtype), write);
    const from = slices.map(({ loop, words }) => `${sliceNumber(loop)}${words === 1 ? '' : ` * ${words}`}`);
    const at = (index === '0' && from.length > 0 ? from : [...from, index]).join(' + ');
    // Guards may rule out an index that a compiler would refuse as it stands.
    return { b, at: at.includes('-') && /^[-+*() \d]+$/.test(at) ? `max(${at}, 0)` : at };
  };
  // The number of the slice that a loop is at, as an atom.
  const sliceNumber = ({ level, length }: LoopNumber): string => {
    const names = Array.from({ length: digitsFor(length) }, (_, digit) => {
      const name = `s${level}_${digit}`;
      counted.set(name, { level, digit });
      return digit === 0 ? name : `${name} * ${base ** digit}`;
    });
    return names.length === 1 ? names[0]! : `(${names.join(' + ')})`;
  };
  const open = (head: string): void => {
    lines.push(`${'  '.repeat(depth)}${head} {`);
    depth++;
    scope = { names: new Map(), parent: scope };
  };
  const leave = (): void => {
    depth--;
    scope = scope.parent!;
  };

  return {
    target,
    use: (h) => helpers.add(h),
    line: (text) => lines.push(`${'  '.repeat(depth)}${text}`),
    open,
    close: () => {
      leave();
      lines.push(`${'  '.repeat(depth)}}`);
    },
    between: (text) => {
      leave();
      lines.push(`${'  '.repeat(depth)}} ${text} {`);
      depth++;
      scope = { names: new Map(), parent: scope };
    },
    fresh: (prefix) => {
      const n = counters.get(prefix) ?? 0;
      counters.set(prefix, n + 1);
      return `${prefix}${n}`;
    },
    lookup: (e) => {
      for (let s: Scope | null = scope; s !== null; s = s.parent) {
        const name = s.names.get(e);
        if (name !== undefined) return name;
      }
      return undefined;
    },
    remember: (e, name) => scope.names.set(e, name),
    pack: (id) => {
      const key = keyOf(id);
      if (bound.get(key)?.packed === false) throw new Error('wgsl: memory is bound before it is packed');
      packed.add(key);
    },
    isPacked: (id) => packed.has(keyOf(id)),
    placeOf: keyOf,
    element: (id, index, write) => {
      const { b, at } = locate(id, index, write);
      if (!b.packed) return `${b.name}[${at}]`;
      if (write) throw new Error('wgsl: an element of packed memory is written by itself');
      return /^\d+$/.test(at)
        ? `${b.name}[${Number(at) >> 2}][${Number(at) & 3}]`
        : `${b.name}[(${at}) >> 2u][(${at}) & 3]`;
    },
    quad: (id, index, write) => {
      const { b, at } = locate(id, index, write);
      if (!b.packed) throw new Error('wgsl: a vector of memory that is not packed');
      return /^\d+$/.test(at) ? `${b.name}[${Number(at) >> 2}]` : `${b.name}[(${at}) >> 2u]`;
    },
    words: (place, write) => bind(place, 'u32', write).name,
    flag: ({ place, word }) => `${bind(place, 'u32', false).name}[${word}]`,
    scratch: (words) => {
      scratchWords = Math.max(scratchWords, words);
      return bind({ kind: 'scratch', at: 0 }, 'u32', true).name;
    },
    enable: (feature) => enabled.add(feature),
    declare: (text) => declarations.push(text),
    finish: (name, head, workgroups) => {
      const variables = [...bound.values()];
      const bindings = withUsage(variables.map(({ place, write }) => ({ place, write })));
      const declared = variables.map(
        (b, i) =>
          `@group(0) @binding(${i}) var<storage, ${bindings[i]!.write ? 'read_write' : 'read'}> ${b.name}: array<${b.packed ? `vec4<${b.type}>` : b.type}>;\n`,
      );
      const numbers = [...counted.keys()].map((n, i) => `@group(1) @binding(${i}) var<uniform> ${n}: i32;\n`);
      const rest = [...declarations.map((d) => `${d}\n`), helperText(helpers)].join('');
      const features = [...enabled].map((f) => `enable ${f};\n`).join('');
      const wgsl = `${features}${declared.join('')}${numbers.join('')}${rest}${head} {\n${lines.join('\n')}\n}\n`;
      return {
        name,
        wgsl,
        bindings,
        digits: [...counted.values()],
        workgroups,
        scratchWords,
      };
    },
  };
};

/** Workgroups for so many, within a device's limit on each dimension; the shader's own number is x + y * groups[0]. */
export const spread = (groups: number, limit: number): readonly [number, number, number] => {
  if (groups <= limit) return [groups, 1, 1];
  const y = Math.ceil(groups / limit);
  return [Math.ceil(groups / y), y, 1];
};
