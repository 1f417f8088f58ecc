// Merged kernels in WGSL: the update of all parameters as one dispatch over arenas, or as few as bindings allow.
import type { Expr } from '../core/expr.ts';
import { newVar, shift, substitute, variable, type Index } from '../core/index-expr.ts';
import { reindexed } from '../core/rewrite.ts';
import type { Action, LoopKernel, MultiKernel } from '../jit/kernel.ts';
import { align, inOrder, partLength, rolesOf } from './arena.ts';
import { renderLoop } from './loop.ts';
import { groupSize } from './points.ts';
import { createShader, spread, type Target } from './shader.ts';
import { placeKey, wholeOf, type Dispatch, type Place, type Site } from './steps.ts';
import { renderStores } from './vector-expr.ts';

/** Where the buffers of a part are: all of the memory they are in, and at which word. */
interface Spot {
  readonly place: Place;
  readonly offset: number;
}

const spotOf = ({ place, slices }: Site): Spot | undefined => (slices.length > 0 ? undefined : wholeOf(place));

/** A kernel whose accesses of a buffer at its own point are shifted by so many words, and whose variable is another. */
const moved = (k: LoopKernel, extent: number, by: (buffer: number) => number): LoopKernel => {
  const v = newVar(extent);
  const own = k.outer[0]!;
  const index = (i: Index, buffer?: number): Index =>
    shift(
      substitute(i, (o) => (o === own ? variable(v) : undefined)),
      buffer === undefined ? 0 : by(buffer),
    );
  const memo = new Map<Expr, Expr>();
  const move = (e: Expr): Expr => reindexed(e, index, memo);
  const actions = k.stages[0]!.actions.map((a): Action =>
    a.kind === 'store'
      ? { ...a, index: index(a.index, a.buffer), value: move(a.value) }
      : { ...a, value: move(a.value) },
  );
  return { ...k, outer: [v], stages: [{ axes: [], actions }] };
};

/**
 * Where every role's buffers lie in one arena, in the same order and at the same distances: one loop over all of them, whose points
 * between the parts touch what belongs to nobody.
 */
const renderDense = (parts: readonly LoopKernel[], target: Target): readonly Dispatch[] | undefined => {
  const [first, ...rest] = parts;
  const roles = parts.map(rolesOf);
  const spots = new Map<number, Spot>();
  const starts: number[] = [];
  let total = 0;
  for (const p of parts) {
    starts.push(total);
    total += align(partLength(p));
  }
  for (const [r, buffer] of roles[0]!.entries()) {
    if (rest.length > 0 && roles.every((own) => own[r] === buffer)) {
      spots.set(buffer, { place: target.site(buffer).place, offset: 0 });
      continue;
    }
    const found = roles.map((own) => spotOf(target.site(own[r]!)));
    const from = found[0];
    const dense = found.every(
      (s, p) =>
        from !== undefined &&
        s !== undefined &&
        placeKey(s.place) === placeKey(from.place) &&
        s.offset === from.offset + starts[p]! &&
        from.offset % 4 === 0,
    );
    if (!dense) return undefined;
    spots.set(buffer, from!);
  }
  const shared = new Set(roles[0]!.filter((b, r) => roles.every((own) => own[r] === b)));
  const inside: Target = {
    ...target,
    info: (b) => (shared.has(b) ? target.info(b) : { ...target.info(b), length: total + spots.get(b)!.offset }),
    site: (b) => (shared.has(b) ? target.site(b) : { place: spots.get(b)!.place, slices: [] }),
  };
  const d = renderLoop(
    moved(first!, total, (b) => (shared.has(b) ? 0 : spots.get(b)!.offset)),
    inside,
  );
  return d === undefined ? [] : [d];
};

/** Parts one after the other in one dispatch, no workgroup in two of them. */
const renderParts = (name: string, parts: readonly LoopKernel[], target: Target): Dispatch | undefined => {
  if (parts.length === 1) return renderLoop(parts[0]!, target);
  const spot = (b: number): Spot | undefined => spotOf(target.site(b));
  const s = createShader({
    ...target,
    site: (b) => {
      const found = spot(b);
      return found === undefined ? target.site(b) : { place: found.place, slices: [] };
    },
  });
  const groups = parts.map((p) => Math.ceil(partLength(p) / groupSize));
  const workgroups = spread(
    groups.reduce((a, b) => a + b, 0),
    target.limits.workgroups,
  );
  s.line(workgroups[1] === 1 ? 'let p = i32(id.x);' : `let p = i32(id.x + id.y * ${workgroups[0] * groupSize}u);`);
  let from = 0;
  parts.forEach((part, i) => {
    const length = partLength(part);
    const test = `if (p < ${from + groups[i]! * groupSize})`;
    if (i === 0) s.open(test);
    else s.between(`else ${test}`);
    const k = moved(part, length, (b) => spot(b)?.offset ?? 0);
    const at = s.fresh('v');
    s.line(from === 0 ? `let ${at} = p;` : `let ${at} = p - ${from};`);
    s.open(`if (${at} < ${length})`);
    const names = { vars: new Map([[k.outer[0]!.id, at]]) };
    const stores = k.stages[0]!.actions.flatMap((a) => (a.kind === 'store' ? [a] : []));
    renderStores(s, names, undefined, stores);
    s.close();
    from += groups[i]! * groupSize;
  });
  s.close();
  return s.finish(
    name,
    `@compute @workgroup_size(${groupSize})\nfn main(@builtin(global_invocation_id) id: vec3u)`,
    workgroups,
  );
};

/** How many buffers parts are bound to. */
const bindingsOf = (parts: readonly LoopKernel[], target: Target): number =>
  new Set(
    parts.flatMap(rolesOf).map((b) => {
      const site = target.site(b);
      return placeKey(spotOf(site)?.place ?? site.place);
    }),
  ).size;

/** One dispatch where all parts lie in arenas alike; else dispatches of as many parts as a shader can be bound to. */
export const renderMulti = (k: MultiKernel, target: Target): readonly Dispatch[] => {
  const ordered = inOrder(k, (b) => {
    const { place } = target.site(b);
    const fixed = place.kind === 'turn' ? undefined : place;
    return fixed?.kind === 'arena' || fixed?.kind === 'slot'
      ? { kind: 'input', at: fixed.at * 2 ** 31 + (fixed.part?.offset ?? 0) }
      : { kind: fixed?.kind ?? 'turn', at: fixed?.at ?? 0 };
  });
  const out: Dispatch[] = [];
  const put = (d: Dispatch | undefined): void => {
    if (d !== undefined) out.push(d);
  };
  for (let rest = ordered; rest.length > 0;) {
    let count = rest.length;
    let dense: readonly Dispatch[] | undefined;
    // The longest run that is dense, else the longest that can be bound.
    while (count > 1 && (dense = renderDense(rest.slice(0, count), target)) === undefined) count--;
    if (dense !== undefined) out.push(...dense);
    else {
      count = rest.length;
      while (count > 1 && bindingsOf(rest.slice(0, count), target) > target.limits.buffers) count--;
      put(renderParts(k.name, rest.slice(0, count), target));
    }
    rest = rest.slice(count);
  }
  return out;
};
