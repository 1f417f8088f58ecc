// The golden vectors: reads cases, runs our operations on them, forward and gradient, and compares as their README says.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { castScalar, isFloat, type DType } from '../../src/core/dtype.ts';
import { fromTypedArray } from '../../src/core/ops/creation.ts';
import type { Tensor } from '../../src/core/tensor.ts';
import { vjp } from '../../src/grad/index.ts';

interface GoldenTensor {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: readonly (number | string)[];
  readonly tol?: readonly [number, number];
}
export interface GoldenCase {
  readonly name: string;
  readonly op: string;
  readonly convention?: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, GoldenTensor>>;
  readonly outputs: Readonly<Record<string, GoldenTensor>>;
  readonly grads?: Readonly<Record<string, GoldenTensor>>;
}

/** What computes one op of a family from a case's inputs; it may be differentiated. */
export type GoldenOp = (
  inputs: Record<string, Tensor>,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  params: any,
  precision: GoldenPrecision,
) => Record<string, Tensor>;
export type GoldenOps = Readonly<Record<string, GoldenOp>>;

export type Verdict =
  { readonly kind: 'passed' } | { readonly kind: 'failed'; readonly why: string } | { readonly kind: 'not covered' };
export interface GoldenResult {
  readonly family: string;
  readonly name: string;
  readonly verdict: Verdict;
}

/** The folder of our own copy. */
export const goldenFolder: string = fileURLToPath(new URL('.', import.meta.url));

export const families = (folder: string = goldenFolder): string[] =>
  readdirSync(folder)
    .filter((f) => f.endsWith('.json'))
    .map((f) => f.slice(0, -5))
    .sort();

export const readCases = (family: string, folder: string = goldenFolder): readonly GoldenCase[] =>
  (JSON.parse(readFileSync(join(folder, `${family}.json`), 'utf8')) as { readonly cases: readonly GoldenCase[] }).cases;

/** The operations of a family, from ops-<family>.ts beside this file; undefined where there is none. */
export const readOps = async (family: string): Promise<GoldenOps | undefined> => {
  for (const name of [family, family.replaceAll('_', '-')]) {
    const file = join(goldenFolder, `ops-${name}.ts`);
    if (existsSync(file)) return ((await import(pathToFileURL(file).href)) as { readonly ops: GoldenOps }).ops;
  }
  return undefined;
};

/** float32: the library's default, to the tolerance of the case. float64: everything in double, to nearly all printed digits. */
export type GoldenPrecision = 'float32' | 'float64';

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  bool: Uint8Array,
};
const load = (t: GoldenTensor, precision: GoldenPrecision): Tensor => {
  const dtype = isFloat(t.dtype) ? precision : t.dtype;
  return fromTypedArray(arrays[dtype].from(t.data.map(Number)), t.shape);
};

const mismatch = (
  what: string,
  got: Tensor | undefined,
  want: GoldenTensor,
  precision: GoldenPrecision,
): string | undefined => {
  if (got === undefined) return `${what}: missing`;
  if (got.shape.join() !== want.shape.join())
    return `${what}: shape [${got.shape.join(', ')}], expected [${want.shape.join(', ')}]`;
  const floats = isFloat(want.dtype);
  if (floats !== isFloat(got.dtype) || (want.dtype === 'bool') !== (got.dtype === 'bool'))
    return `${what}: dtype ${got.dtype}, expected ${floats ? 'a float' : want.dtype}`;
  const data = got.dataSync();
  const [rtol, atol] = !floats
    ? [0, 0]
    : precision === 'float64'
      ? [4e-8, 1e-8 * (want.tol?.[1] ?? 0)]
      : (want.tol ?? [1e-5, 1e-6]);
  for (let i = 0; i < data.length; i++) {
    const g = data[i]!;
    const w = floats ? castScalar(Number(want.data[i]), precision) : Number(want.data[i]);
    if (Object.is(g, w) || g === w || (Number.isNaN(g) && Number.isNaN(w))) continue;
    if (!(Math.abs(g - w) <= atol + rtol * Math.abs(w)) || !Number.isFinite(w) || !Number.isFinite(g))
      return `${what}[${i}]: ${g}, expected ${w} (off by ${Math.abs(g - w).toExponential(2)}, allowed ${(atol + rtol * Math.abs(w)).toExponential(2)})`;
  }
  return undefined;
};

/** Runs one case: outputs, then gradients by one vector-Jacobian product with the given cotangents. */
export const runCase = (c: GoldenCase, op: GoldenOp, precision: GoldenPrecision = 'float32'): Verdict => {
  try {
    const isCotangent = (k: string): boolean => k === 'cotangent' || k.startsWith('cotangent_');
    const inputs = Object.fromEntries(Object.entries(c.inputs).map(([k, t]) => [k, load(t, precision)]));
    const given = Object.fromEntries(Object.entries(inputs).filter(([k]) => !isCotangent(k)));
    const outs = op(given, c.params, precision);
    for (const [k, want] of Object.entries(c.outputs)) {
      const wrong = mismatch(k, outs[k], want, precision);
      if (wrong !== undefined) return { kind: 'failed', why: wrong };
    }
    if (c.grads === undefined) return { kind: 'passed' };
    const cts = Object.fromEntries(
      Object.keys(c.outputs).flatMap((k): [string, Tensor][] => {
        const ct =
          inputs[`cotangent_${k}`] ??
          (inputs['cotangent'] !== undefined && k === Object.keys(c.outputs)[0] ? inputs['cotangent'] : undefined);
        return ct === undefined ? [] : [[k, ct]];
      }),
    );
    const names = Object.keys(c.grads);
    const f = (xs: Record<string, Tensor>): Record<string, Tensor> => {
      const ys = op({ ...given, ...xs }, c.params, precision);
      return Object.fromEntries(Object.keys(cts).map((k) => [k, ys[k]!]));
    };
    const [, pull] = vjp(f, Object.fromEntries(names.map((k) => [k, given[k]!])));
    const [grads] = pull(cts);
    for (const [k, want] of Object.entries(c.grads)) {
      const wrong = mismatch(`gradient of ${k}`, grads[k], want, precision);
      if (wrong !== undefined) return { kind: 'failed', why: wrong };
    }
    return { kind: 'passed' };
  } catch (e) {
    return { kind: 'failed', why: e instanceof Error ? (e.stack ?? e.message) : String(e) };
  }
};

/** Every case of a family. */
export const runFamily = async (
  family: string,
  folder: string = goldenFolder,
  precision: GoldenPrecision = 'float32',
): Promise<readonly GoldenResult[]> => {
  const ops = await readOps(family);
  return readCases(family, folder).map((c) => {
    const op = ops?.[c.op];
    return { family, name: c.name, verdict: op === undefined ? { kind: 'not covered' } : runCase(c, op, precision) };
  });
};
