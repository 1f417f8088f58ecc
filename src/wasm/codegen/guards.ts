// Keeps loads in bounds: what is computed on both sides of a condition is given the guards under which it may be.
import { isOp, type Expr } from '../../core/expr.ts';
import { range, substitute, type Guard, type Index } from '../../core/index-expr.ts';

/** A load, with the guards under which it may be executed; unlike its own guards these do not select `fill`. */
export type Load = Extract<Expr, { op: 'load' }> & { readonly safety?: readonly Guard[] };

const hasValues = (i: Index): boolean =>
  i.terms.some(({ atom }) => atom.kind === 'value' || (atom.kind === 'digit' && hasValues(atom.of)));

/**
 * Loads in the arms of a `guarded` are only in bounds where that arm is taken, and those inside of an index only where its
 * load's guards hold: each gets the guards under which it may be executed.
 */
export const pushGuards = (e: Expr, length: (buffer: number) => number): Expr => {
  const memos = new Map<string, Map<Expr, Expr>>();
  const keys = new Map<readonly Guard[], number>();
  type Walk = (x: Expr, safety: readonly Guard[], self: boolean, key: string) => Expr;
  const under = (key: string, guards: readonly Guard[]): string => {
    let id = keys.get(guards);
    if (id === undefined) keys.set(guards, (id = keys.size));
    return `${key}/${id}`;
  };
  const walk: Walk = (x, safety, self, key) => {
    let memo = memos.get(key);
    if (memo === undefined) memos.set(key, (memo = new Map()));
    let out = memo.get(x);
    if (out === undefined) memo.set(x, (out = protect(x, safety, self, key)));
    return out;
  };
  // Index values may be computed where the guards that need no values hold.
  const inside = (
    guards: readonly Guard[],
    safety: readonly Guard[],
    self: boolean,
    key: string,
  ): { index: (i: Index) => Index; guards: readonly Guard[] } => {
    const plain = guards.filter((g) => !hasValues(g.index));
    const inner = plain.length === 0 ? key : under(key, guards);
    const all = plain.length === 0 ? safety : [...safety, ...plain];
    const index = (i: Index): Index =>
      hasValues(i)
        ? substitute(
            i,
            () => undefined,
            (v) => walk(v, all, self, inner),
          )
        : i;
    return {
      index,
      guards: guards.some((g) => hasValues(g.index)) ? guards.map((g) => ({ ...g, index: index(g.index) })) : guards,
    };
  };
  const protect: Walk = (x, safety, self, key) => {
    if (isOp(x)) {
      const args = x.args.map((a) => walk(a, safety, self, key));
      return args.some((a, i) => a !== x.args[i]) ? { ...x, args } : x;
    }
    if (x.op === 'index') return hasValues(x.index) ? { ...x, index: inside([], safety, self, key).index(x.index) } : x;
    if (x.op === 'guarded') {
      const { guards } = inside(x.guards, safety, self, key);
      return {
        ...x,
        guards,
        then: walk(x.then, [...safety, ...guards], self, under(key, x.guards)),
        otherwise: walk(x.otherwise, safety, true, `${key}!`),
      };
    }
    if (x.op !== 'load') return x;
    const { index, guards } = inside(x.guards, safety, self, key);
    const at = index(x.index);
    const moved: Expr = at === x.index && guards === x.guards ? x : { ...x, index: at, guards };
    if (safety.length === 0 && !self) return moved;
    const [lo, hi] = range(at);
    const size = length(x.buffer);
    if (lo >= 0 && hi < size) return moved;
    const own: readonly Guard[] = self ? [{ index: at, lo: 0, hi: size }] : [];
    return { ...moved, safety: [...safety, ...own] } as Load;
  };
  return walk(e, [], false, '');
};
