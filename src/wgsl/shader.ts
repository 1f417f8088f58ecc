// Text of one compute shader while it is written: its bindings, the helper functions it uses, and its lines in nested scopes.
import type { Expr } from '../core/expr.ts';
import type { BufferInfo } from '../jit/kernel.ts';
import { helperText, type Helper } from './helpers.ts';
import { memoryType } from './types.ts';

/**
 * Memory of a program: an input, an output, a slot for temporaries (several take turns), or scratch of one kernel.
 * A result that is written over an input is that input.
 */
export interface Place {
  readonly kind: 'input' | 'output' | 'slot' | 'scratch';
  readonly at: number;
}

export interface Binding {
  readonly place: Place;
  /** A shader that writes a buffer may read it as well, at the same point before the write. */
  readonly write: boolean;
}

/** One dispatch: a shader, what it is bound to, and how many workgroups. */
export interface Dispatch {
  readonly name: string;
  readonly wgsl: string;
  readonly bindings: readonly Binding[];
  readonly workgroups: readonly [number, number, number];
  /** Words of scratch memory. */
  readonly scratchWords: number;
}

export interface Target {
  readonly info: (buffer: number) => BufferInfo;
  readonly place: (buffer: number) => Place;
  /** Most workgroups along one dimension. */
  readonly maxWorkgroups: number;
}

interface Bound {
  readonly name: string;
  readonly type: string;
  readonly place: Place;
  write: boolean;
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
  /** The name of a buffer's binding. */
  buffer(id: number, write: boolean): string;
  /** The name of scratch memory (an array of u32) of at least so many words. */
  scratch(words: number): string;
  /** A module-scope declaration. */
  declare(text: string): void;
  finish(name: string, head: string, workgroups: readonly [number, number, number]): Dispatch;
}

export const createShader = (target: Target): Shader => {
  const helpers = new Set<Helper>();
  const bound = new Map<string, Bound>();
  const lines: string[] = [];
  const declarations: string[] = [];
  const counters = new Map<string, number>();
  let scope: Scope = { names: new Map(), parent: null };
  let depth = 1;
  let scratchWords = 0;

  const bind = (place: Place, type: string, write: boolean): string => {
    const key = `${place.kind}${place.at}`;
    let b = bound.get(key);
    if (b === undefined) bound.set(key, (b = { name: `b${bound.size}`, type, place, write }));
    b.write ||= write;
    return b.name;
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
    buffer: (id, write) => bind(target.place(id), memoryType(target.info(id).dtype), write),
    scratch: (words) => {
      scratchWords = Math.max(scratchWords, words);
      return bind({ kind: 'scratch', at: 0 }, 'u32', true);
    },
    declare: (text) => declarations.push(text),
    finish: (name, head, workgroups) => {
      const bindings = [...bound.values()];
      const declared = bindings.map(
        (b, i) =>
          `@group(0) @binding(${i}) var<storage, ${b.write ? 'read_write' : 'read'}> ${b.name}: array<${b.type}>;\n`,
      );
      const rest = [...declarations.map((d) => `${d}\n`), helperText(helpers)].join('');
      const wgsl = `${declared.join('')}${rest}${head} {\n${lines.join('\n')}\n}\n`;
      return { name, wgsl, bindings: bindings.map(({ place, write }) => ({ place, write })), workgroups, scratchWords };
    },
  };
};

/** Workgroups for so many, within a device's limit on each dimension; the shader's own number is x + y * groups[0]. */
export const spread = (groups: number, limit: number): readonly [number, number, number] => {
  if (groups <= limit) return [groups, 1, 1];
  const y = Math.ceil(groups / limit);
  return [Math.ceil(groups / y), y, 1];
};
