// Tiles of attention: rows that stay in a workgroup's memory, rows that stream past them, products of both in registers.
import type { GpuLimits } from './limits.ts';
import type { Shader } from './shader.ts';

/**
 * `rows` stay, `4 * columns` stream by; an invocation has 4 x 4 of their pairs. `pitch` is the length of a row of a tile in vectors
 * of four: one longer than a row, so that invocations side by side touch different banks.
 */
export interface Tiling {
  readonly rows: number;
  readonly columns: number;
  readonly threads: number;
  readonly pitch: number;
}

const quads = (n: number): number => Math.ceil(n / 4);
const vectorBytes = 16;

/** The largest tiling that fits; `staying`: how many tensors' rows stay. Undefined where none does. */
export const tilingFor = (
  depth: number,
  width: number,
  staying: 1 | 2,
  { invocations, workgroupBytes }: GpuLimits,
): Tiling | undefined => {
  const pitch = Math.max(quads(depth), quads(width)) + 1;
  for (const [rows, columns] of [
    [64, 8],
    [32, 8],
    [16, 8],
    [16, 4],
  ] as const) {
    const threads = (rows / 4) * columns;
    const vectors = staying * rows * pitch + 4 * columns * pitch + rows * (columns + 1);
    const singles = 3 * rows + 8 * columns;
    if (threads <= invocations && vectors * vectorBytes + singles * 4 <= workgroupBytes)
      return { rows, columns, threads, pitch };
  }
  return undefined;
};

/** How a tile is filled: row `first + i` of a tensor of `count` rows of `width` elements, `row` giving the first one's index. */
export interface Source {
  readonly buffer: number;
  readonly width: number;
  readonly first: string;
  readonly count: number;
  readonly row: (position: string) => string;
  readonly scale?: number;
}

export interface Tiles {
  /** Declares memory for a tile of rows that stay, or of those that stream (`stream`). */
  declare(name: string, kind: 'staying' | 'stream' | 'pairs'): void;
  /** Lines that fill a tile. */
  fill(name: string, kind: 'staying' | 'stream', source: Source): void;
  /** Lines that declare `into`0..3, the products of the invocation's 4 rows with its 4 streamed ones. */
  products(into: string, staying: string, stream: string, width: number): void;
  /** Lines that write the invocation's pairs, `from`0..3, where all can read them. */
  share(name: string, from: string): void;
  /** Names of accumulators for the invocation's part of `width` elements of each of its 4 rows, declared as zero. */
  accumulators(prefix: string, width: number): readonly (readonly string[])[];
  /** Lines that add the shared pairs times the streamed rows. */
  accumulate(into: readonly (readonly string[])[], shared: string, stream: string, width: number): void;
  /** Lines that store accumulators, each given to `value` with its row's number, as rows of a tensor. */
  store(
    from: readonly (readonly string[])[],
    target: Omit<Source, 'scale'>,
    value: (accumulator: string, row: number) => string,
  ): void;
}

const four = [0, 1, 2, 3] as const;
export const letters = ['x', 'y', 'z', 'w'] as const;

/** Shaders need the names `rows` and `column`: the invocation's first row in the tile, and its number among those beside it. */
export const createTiles = (s: Shader, { rows, columns, threads, pitch }: Tiling): Tiles => {
  const streamed = 4 * columns;
  // A streamed row is kept where invocations side by side, whose rows are 4 apart, read neighbours.
  const slot = (row: string): string => `(${row} % 4 * ${columns} + ${row} / 4)`;
  const element = (buffer: number, row: string, x: string, width: number): string => {
    if (s.isPacked(buffer)) return s.quad(buffer, `${row} + ${x} * 4`, false);
    const parts = four.map((i) => {
      const at = `${row} + ${x} * 4${i === 0 ? '' : ` + ${i}`}`;
      const one = s.element(buffer, at, false);
      return width % 4 === 0 || i === 0 ? one : `select(0.0f, ${one}, ${x} * 4 + ${i} < ${width})`;
    });
    return `vec4f(${parts.join(', ')})`;
  };
  const parts = (width: number): number => Math.ceil(quads(width) / columns);
  return {
    declare: (name, kind) => {
      const size = kind === 'staying' ? rows * pitch : kind === 'stream' ? streamed * pitch : rows * (columns + 1);
      s.declare(`var<workgroup> ${name}: array<vec4f, ${size}>;`);
    },
    fill: (name, kind, { buffer, width, first, count, row, scale }) => {
      const x4 = quads(width);
      const count4 = (kind === 'staying' ? rows : streamed) * x4;
      s.open(`for (var l = lane; l < ${count4}; l += ${threads})`);
      s.line(`let i = l / ${x4};`);
      s.line(`let x = l % ${x4};`);
      s.line(`let position = ${first} + i;`);
      s.line('var t = vec4f();');
      s.open(`if (position < ${count})`);
      s.line(`let at = ${row('position')};`);
      s.line(`t = ${element(buffer, 'at', 'x', width)}${scale === undefined ? '' : ` * ${scale}f`};`);
      s.close();
      s.line(`${name}[${kind === 'staying' ? 'i' : slot('i')} * ${pitch} + x] = t;`);
      s.close();
    },
    products: (into, staying, stream, width) => {
      for (const r of four) s.line(`var ${into}${r} = vec4f();`);
      s.open(`for (var x = 0; x < ${quads(width)}; x++)`);
      for (const c of four) s.line(`let b${c}_ = ${stream}[(${c * columns} + column) * ${pitch} + x];`);
      for (const r of four) {
        s.line(`let a${r}_ = ${staying}[(rows + ${r}) * ${pitch} + x];`);
        s.line(`${into}${r} += vec4f(${four.map((c) => `dot(a${r}_, b${c}_)`).join(', ')});`);
      }
      s.close();
    },
    share: (name, from) => {
      for (const r of four) s.line(`${name}[(rows + ${r}) * ${columns + 1} + column] = ${from}${r};`);
    },
    accumulators: (prefix, width) => {
      const names = four.map((r) => Array.from({ length: parts(width) }, (_, i) => `${prefix}${r}_${i}`));
      for (const name of names.flat()) s.line(`var ${name} = vec4f();`);
      return names;
    },
    accumulate: (into, shared, stream, width) => {
      const x4 = quads(width);
      s.open(`for (var q = 0; q < ${columns}; q++)`);
      for (const r of four) s.line(`let p${r}_ = ${shared}[(rows + ${r}) * ${columns + 1} + q];`);
      for (let i = 0; i < parts(width); i++) {
        // Beyond the end an invocation computes what nobody stores.
        const inside = (i + 1) * columns <= x4;
        const x = inside ? `column + ${i * columns}` : `min(column + ${i * columns}, ${x4 - 1})`;
        for (const c of four) s.line(`let x${i}_${c} = ${stream}[(${c * columns} + q) * ${pitch} + ${x}];`);
        for (const r of four)
          s.line(`${into[r]![i]!} += ${four.map((c) => `p${r}_.${letters[c]} * x${i}_${c}`).join(' + ')};`);
      }
      s.close();
    },
    store: (from, { buffer, width, first, count, row }, value) => {
      const x4 = quads(width);
      for (const r of four) {
        s.open('');
        s.line(`let position = ${first} + rows + ${r};`);
        s.open(`if (position < ${count})`);
        s.line(`let at = ${row('position')};`);
        from[r]!.forEach((name, i) => {
          const inside = (i + 1) * columns <= x4;
          s.open(inside ? '' : `if (column + ${i * columns} < ${x4})`);
          s.line(`let x = (column + ${i * columns}) * 4;`);
          s.line(`let t = ${value(name, r)};`);
          if (s.isPacked(buffer)) s.line(`${s.quad(buffer, 'at + x', true)} = t;`);
          else
            for (const c of four) {
              const put = `${s.element(buffer, c === 0 ? 'at + x' : `at + x + ${c}`, true)} = t.${letters[c]};`;
              s.line(width % 4 === 0 || c === 0 ? put : `if (x + ${c} < ${width}) { ${put} }`);
            }
          s.close();
        });
        s.close();
        s.close();
      }
    },
  };
};
