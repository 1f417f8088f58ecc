// Evaluates expressions of basic operations over arrays in exact float32, float64 or integer arithmetic, with or without fused multiply-add.
import { castScalar, hostArray, type DType, type TypedArray } from '../../src/core/dtype.ts';
import { arg, call, visit, type Expr, type MathOp } from '../../src/core/expr.ts';
import { expandMath } from '../../src/core/math/index.ts';
import './specials.ts';

type Step = (count: number) => void;

/** A function of arrays of at most `chunk` elements; `contract` fuses a float32 product into the sum that consumes it, as a GPU may. */
export const evaluator = (
  e: Expr,
  chunk: number,
  contract = false,
): ((inputs: readonly TypedArray[], count: number) => TypedArray) => {
  const values = new Map<Expr, TypedArray>();
  const inputs: { readonly slot: number; readonly at: TypedArray }[] = [];
  const steps: Step[] = [];
  visit(e, (node) => {
    const out = hostArray(node.dtype, chunk);
    values.set(node, out);
    if (node.op === 'const') out.fill(node.value);
    else if (node.op === 'arg') inputs.push({ slot: node.arg, at: out });
    else if ('args' in node) steps.push(step(node.op, node.dtype, out, node.args, values, contract));
    else throw new Error(`no evaluation of ${node.op}`);
  });
  const result = values.get(e)!;
  return (data, count) => {
    for (const { slot, at } of inputs) at.set(data[slot]!.subarray(0, count));
    for (const run of steps) run(count);
    return result;
  };
};

const loop2 =
  (out: TypedArray, a: TypedArray, b: TypedArray, f: (x: number, y: number) => number): Step =>
  (n) => {
    for (let i = 0; i < n; i++) out[i] = f(a[i]!, b[i]!);
  };
// One closure per operation keeps every loop monomorphic enough for a fast sweep.
const loops2: Readonly<Record<string, (out: TypedArray, a: TypedArray, b: TypedArray) => Step>> = {
  add: (o, a, b) => (n) => {
    for (let i = 0; i < n; i++) o[i] = a[i]! + b[i]!;
  },
  sub: (o, a, b) => (n) => {
    for (let i = 0; i < n; i++) o[i] = a[i]! - b[i]!;
  },
  mul: (o, a, b) => (n) => {
    for (let i = 0; i < n; i++) o[i] = a[i]! * b[i]!;
  },
  div: (o, a, b) => (n) => {
    for (let i = 0; i < n; i++) o[i] = a[i]! / b[i]!;
  },
  eq: (o, a, b) => (n) => {
    for (let i = 0; i < n; i++) o[i] = a[i]! === b[i]! ? 1 : 0;
  },
  ne: (o, a, b) => (n) => {
    for (let i = 0; i < n; i++) o[i] = a[i]! !== b[i]! ? 1 : 0;
  },
  lt: (o, a, b) => (n) => {
    for (let i = 0; i < n; i++) o[i] = a[i]! < b[i]! ? 1 : 0;
  },
  le: (o, a, b) => (n) => {
    for (let i = 0; i < n; i++) o[i] = a[i]! <= b[i]! ? 1 : 0;
  },
  gt: (o, a, b) => (n) => {
    for (let i = 0; i < n; i++) o[i] = a[i]! > b[i]! ? 1 : 0;
  },
  ge: (o, a, b) => (n) => {
    for (let i = 0; i < n; i++) o[i] = a[i]! >= b[i]! ? 1 : 0;
  },
  min: (o, a, b) => (n) => {
    for (let i = 0; i < n; i++) o[i] = Math.min(a[i]!, b[i]!);
  },
  max: (o, a, b) => (n) => {
    for (let i = 0; i < n; i++) o[i] = Math.max(a[i]!, b[i]!);
  },
  and: (o, a, b) => (n) => {
    for (let i = 0; i < n; i++) o[i] = a[i]! & b[i]!;
  },
  or: (o, a, b) => (n) => {
    for (let i = 0; i < n; i++) o[i] = a[i]! | b[i]!;
  },
  xor: (o, a, b) => (n) => {
    for (let i = 0; i < n; i++) o[i] = a[i]! ^ b[i]!;
  },
};
const loops1: Readonly<Record<string, (out: TypedArray, a: TypedArray) => Step>> = {
  neg: (o, a) => (n) => {
    for (let i = 0; i < n; i++) o[i] = -a[i]!;
  },
  abs: (o, a) => (n) => {
    for (let i = 0; i < n; i++) o[i] = Math.abs(a[i]!);
  },
  sqrt: (o, a) => (n) => {
    for (let i = 0; i < n; i++) o[i] = Math.sqrt(a[i]!);
  },
  floor: (o, a) => (n) => {
    for (let i = 0; i < n; i++) o[i] = Math.floor(a[i]!);
  },
  ceil: (o, a) => (n) => {
    for (let i = 0; i < n; i++) o[i] = Math.ceil(a[i]!);
  },
  trunc: (o, a) => (n) => {
    for (let i = 0; i < n; i++) o[i] = Math.trunc(a[i]!);
  },
  round: (o, a) => (n) => {
    for (let i = 0; i < n; i++) o[i] = roundEven(a[i]!);
  },
};

export const roundEven = (x: number): number => {
  const r = Math.round(x);
  const y = Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
  return y === 0 ? (x < 0 || Object.is(x, -0) ? -0 : 0) : y;
};

const isInt = (d: DType): boolean => d === 'int32' || d === 'uint32';

const step = (
  op: string,
  dtype: DType,
  out: TypedArray,
  args: readonly Expr[],
  values: Map<Expr, TypedArray>,
  contract: boolean,
): Step => {
  const [a, b, c] = args.map((x) => values.get(x)!) as [TypedArray, TypedArray, TypedArray];
  const from = args[0]!.dtype;
  if (op === 'select')
    return (n) => {
      for (let i = 0; i < n; i++) out[i] = a[i] !== 0 ? b[i]! : c[i]!;
    };
  if (op === 'bitcast') return bitcast(out, a);
  if (op === 'convert') {
    if (dtype === 'float32' || dtype === 'float64')
      return (n) => {
        for (let i = 0; i < n; i++) out[i] = a[i]!;
      };
    return (n) => {
      for (let i = 0; i < n; i++) out[i] = castScalar(a[i]!, dtype);
    };
  }
  if (op === 'not')
    return from === 'bool'
      ? (n) => {
          for (let i = 0; i < n; i++) out[i] = a[i] !== 0 ? 0 : 1;
        }
      : (n) => {
          for (let i = 0; i < n; i++) out[i] = ~a[i]!;
        };
  if (op === 'shl') return loop2(out, a, b, (x, s) => (s >= 32 || s < 0 ? 0 : x << s));
  if (op === 'shr')
    return loop2(
      out,
      a,
      b,
      from === 'uint32' ? (x, s) => (s >= 32 || s < 0 ? 0 : x >>> s) : (x, s) => x >> (s >= 32 || s < 0 ? 31 : s),
    );
  if (op === 'ldexp')
    return loop2(out, a, b, (x, k) => {
      if (Number.isFinite(x) && (dtype === 'float32' ? k < -126 || k > 127 : k < -1022 || k > 1023)) return NaN; // outside the contract: be loud
      return x * 2 ** k;
    });
  if (op === 'exponent')
    return (n) => {
      for (let i = 0; i < n; i++) out[i] = exponentOf(a[i]!);
    };
  if (op === 'significand')
    return (n) => {
      for (let i = 0; i < n; i++) out[i] = a[i]! / 2 ** exponentOf(a[i]!);
    };
  if (isInt(dtype) && op === 'mul') return loop2(out, a, b, Math.imul);
  if (isInt(dtype) && op === 'div') return loop2(out, a, b, (x, y) => Math.trunc(x / y));
  if (contract && dtype === 'float32' && (op === 'add' || op === 'sub')) {
    const fused = contraction(op, out, args, values);
    if (fused) return fused;
  }
  const two = loops2[op];
  if (two) return two(out, a, b);
  const one = loops1[op];
  if (one) return one(out, a);
  throw new Error(`no evaluation of ${op}`);
};

const contraction = (
  op: 'add' | 'sub',
  out: TypedArray,
  args: readonly Expr[],
  values: Map<Expr, TypedArray>,
): Step | undefined => {
  const [left, right] = args as [Expr, Expr];
  const side = right.op === 'mul' ? right : left.op === 'mul' ? left : undefined;
  if (!side) return undefined;
  const p = values.get(side.args[0]!)!;
  const q = values.get(side.args[1]!)!;
  const c = values.get(side === right ? left : right)!;
  const signP = op === 'sub' && side === right ? -1 : 1;
  const signC = op === 'sub' && side !== right ? -1 : 1;
  return (n) => {
    for (let i = 0; i < n; i++) out[i] = signP * p[i]! * q[i]! + signC * c[i]!;
  };
};

const bitcast = (out: TypedArray, a: TypedArray): Step => {
  const from = new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
  const to = new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
  return () => to.set(from);
};

const scratch = new DataView(new ArrayBuffer(8));
const exponentOf = (x: number): number => {
  scratch.setFloat64(0, x);
  return ((scratch.getUint32(0) >>> 20) & 0x7ff) - 1023;
};

/** A function applied to numbers of one dtype. */
export const run = (op: MathOp, dtype: 'float32' | 'float64', args: readonly number[]): number => {
  const array = dtype === 'float32' ? Float32Array : Float64Array;
  const e = expandMath(call(op, dtype, ...args.map((_, i) => arg(i, dtype))));
  return evaluator(e, 1)(
    args.map((x) => array.of(x)),
    1,
  )[0]!;
};
