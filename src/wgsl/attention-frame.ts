// What the kernels of attention share: their sizes, where a workgroup stands, where tensors have their rows, which pairs count.
import type { Routine } from '../core/lowering.ts';
import type { Value } from '../core/program.ts';
import type { AttentionKernel } from '../jit/kernel.ts';
import { createTiles, letters, tilingFor, type Source, type Tiles, type Tiling } from './attention-tile.ts';
import type { GpuLimits } from './limits.ts';
import { numberGroups } from './points.ts';
import { createShader, type Shader, type Target } from './shader.ts';
import type { Dispatch } from './steps.ts';

export interface Sizes {
  readonly batch: number;
  readonly queries: number;
  readonly heads: number;
  readonly depth: number;
  readonly keys: number;
  /** Heads of keys and values. */
  readonly groups: number;
  readonly width: number;
}
const sizesOf = (query: readonly number[], value: readonly number[]): Sizes => {
  const [batch, queries, heads, depth] = query as [number, number, number, number];
  const [, keys, groups, width] = value as [number, number, number, number];
  return { batch, queries, heads, depth, keys, groups, width };
};

// Below this many pairs of query and key a head, two products and a softmax over stored scores take no longer.
const fewestPairs = 65_536;

/** Whether there is a kernel for it and it is worth while: float32, long sequences, rows that fit the memory of a workgroup. */
export const hasRoutine = ({ kind, masked }: Routine, inputs: readonly Value[], limits: GpuLimits): boolean => {
  const [q, , v] = inputs.map(({ aval }) => aval);
  const { queries, keys, depth, width } = sizesOf(q!.shape, v!.shape);
  const buffers = (kind === 'attention' ? 5 : 8) + (masked ? 1 : 0);
  return (
    q!.dtype === 'float32' &&
    q!.shape.every((n) => n > 0) &&
    width > 0 &&
    queries * keys >= fewestPairs &&
    buffers <= limits.buffers &&
    tilingFor(depth, width, kind === 'attention' ? 1 : 2, limits) !== undefined
  );
};

/** What the kernels share: where a workgroup stands, where tensors have their rows, and which pairs count. */
export interface Frame {
  readonly s: Shader;
  readonly z: Sizes;
  readonly tiling: Tiling;
  readonly tiles: Tiles;
  readonly query: (buffer: number, first: string, scale?: number) => Source;
  readonly value: (buffer: number, first: string) => Source;
  readonly key: (buffer: number, first: string) => Source;
  readonly out: (buffer: number, first: string) => Source;
  /** Index of what there is one of for each query. */
  readonly each: (position: string) => string;
  /** For each of the invocation's 4 rows, which of its 4 pairs count, a vector. */
  readonly pairs: (start: string, use: (r: number, counts: string) => void) => void;
  readonly finish: (name: string) => Dispatch;
}

export const frame = (k: AttentionKernel, target: Target, staying: 'queries' | 'keys', tensors: 1 | 2): Frame => {
  const z = sizesOf(k.query, k.value);
  const s = createShader(target);
  const tiling = tilingFor(z.depth, z.width, tensors, target.limits)!;
  const keysStay = staying === 'keys';
  const blocks = Math.ceil(z[staying] / tiling.rows);
  const heads = keysStay ? z.groups : z.heads;
  const total = blocks * heads * z.batch;
  s.line('let lane = i32(local);');
  const workgroups = numberGroups(s, total);
  // In causal order the last queries see most: they begin.
  const block = k.causal && !keysStay ? `${blocks - 1} - g % ${blocks}` : `g % ${blocks}`;
  s.line(`let first = (${block}) * ${tiling.rows};`);
  s.line(`let batch = g / ${blocks * heads};`);
  if (keysStay) s.line(`let keyHead = g / ${blocks} % ${heads};`);
  else {
    s.line(`let head = g / ${blocks} % ${heads};`);
    s.line(`let keyHead = head / ${z.heads / z.groups};`);
  }
  s.line(`let rows = lane / ${tiling.columns} * 4;`);
  s.line(`let column = lane % ${tiling.columns};`);
  const floats = [...k.sources.slice(0, 3), ...k.sources.slice(k.masked ? 4 : 3), ...k.targets];
  // Numbers a query are written one by one.
  const rowsOnly = floats.filter((b) => target.info(b).length !== z.batch * z.queries * z.heads);
  if (
    z.depth % 4 === 0 &&
    z.width % 4 === 0 &&
    floats.every((b) => target.site(b).slices.every(({ words }) => words % 4 === 0))
  )
    for (const b of rowsOnly) s.pack(b);

  const source =
    (count: number, row: (position: string) => string, width: number) =>
    (buffer: number, start: string, scale?: number): Source => ({
      buffer,
      width,
      first: start,
      count,
      row: (position) => `${row(position)} * ${width}`,
      ...(scale === undefined ? {} : { scale }),
    });
  const ofQuery = (t: string): string => `((batch * ${z.queries} + ${t}) * ${z.heads} + head)`;
  const ofKey = (j: string): string => `((batch * ${z.keys} + ${j}) * ${z.groups} + keyHead)`;
  const maskAt = (t: string, j: string): string => {
    const at = ['batch', 'head', t, j];
    const terms: string[] = [];
    let stride = 1;
    for (let i = 3; i >= 0; i--) {
      const n = k.mask![i]!;
      if (n > 1) terms.unshift(stride === 1 ? at[i]! : `${at[i]!} * ${stride}`);
      stride *= n;
    }
    return `${s.element(k.sources[3]!, terms.length === 0 ? '0' : terms.join(' + '), false)} != 0u`;
  };
  return {
    s,
    z,
    tiling,
    tiles: createTiles(s, tiling),
    query: source(z.queries, ofQuery, z.depth),
    key: source(z.keys, ofKey, z.depth),
    value: source(z.keys, ofKey, z.width),
    out: source(z.queries, ofQuery, z.width),
    each: (t) => `(batch * ${z.heads} + head) * ${z.queries} + ${t}`,
    pairs: (start, use) => {
      s.line(`let streamed = ${start} + column * 4 + vec4i(0, 1, 2, 3);`);
      for (let r = 0; r < 4; r++) {
        s.open('');
        s.line(`let row = first + rows + ${r};`);
        // No branches: sixteen of them in a row cost some compilers minutes.
        const tests = [`vec4<bool>(row < ${z[staying]})`, `(streamed < vec4i(${z[keysStay ? 'queries' : 'keys']}))`];
        if (k.causal) tests.push(keysStay ? '(vec4i(row) <= streamed)' : '(streamed <= vec4i(row))');
        if (k.mask !== undefined) {
          const at = (name: 'queries' | 'keys', c: string): string =>
            name === staying ? `min(row, ${z[name] - 1})` : `min(streamed.${c}, ${z[name] - 1})`;
          tests.push(`vec4<bool>(${letters.map((c) => maskAt(at('queries', c), at('keys', c))).join(', ')})`);
        }
        s.line(`let counts = ${tests.join(' & ')};`);
        use(r, 'counts');
        s.close();
      }
    },
    finish: (name) =>
      s.finish(
        name,
        `@compute @workgroup_size(${tiling.threads})\nfn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32)`,
        workgroups,
      ),
  };
};
