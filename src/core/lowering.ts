// Lowerings: how a primitive tells every backend, in a handful of tags, what its outputs are made of.
import type { TypedArray } from './dtype.ts';
import type { Expr } from './expr.ts';
import type { Guard, Index } from './index-expr.ts';
import type { Program } from './program.ts';

/** An element of input `input` (default 0) at a multi-index, taken where the guards hold. */
export interface Access {
  readonly input?: number;
  readonly index: readonly Index[];
  readonly guards?: readonly Guard[];
}

/** The integer element of an input (an index tensor) at a multi-index, to be used inside an index. */
export type ReadIndex = (input: number, at: readonly Index[]) => Index;

export type ReduceOp = 'sum' | 'prod' | 'max' | 'min' | 'any' | 'all' | 'argmax' | 'argmin';
export type ScatterOp = 'set' | 'add' | 'mul' | 'min' | 'max';
export type CumulateOp = 'sum' | 'prod' | 'max' | 'min' | 'logsumexp';

/** A function of JS on the elements of an equation's inputs; returns those of its outputs. It may throw. */
export type HostCall = (operands: readonly TypedArray[]) => readonly TypedArray[];

/** A copy of input 0 into which the last input's elements are combined one after the other, in row-major order. */
export interface ScatterLowering {
  readonly tag: 'scatter';
  readonly op: ScatterOp;
  readonly at: (update: readonly Index[], read: ReadIndex) => Access;
}

/** What a call computes, said so that a backend can have a kernel of its own for it; others run the program. */
export interface Routine {
  /**
   * attention: of query [B, T, N, D], key [B, S, K, D], value [B, S, K, E] and, if `masked`, a bool mask that broadcasts to [B, N, T, S], the
   * result [B, T, N, E] and the logarithms of its denominators [B, N, T]. attentionGradient: of all of these and the cotangent
   * of the result, the cotangents of query, key and value.
   */
  readonly kind: 'attention' | 'attentionGradient';
  readonly scale: number;
  readonly causal: boolean;
  readonly masked: boolean;
}

export type Lowering =
  /** Each output's element as an expression of the inputs' elements at the same index; all shapes equal. */
  | { readonly tag: 'map'; readonly outs: readonly Expr[] }
  /**
   * Output index -> input index: the first piece whose guards hold, else `fill`. Reshape, transpose, broadcast, slice,
   * pad, flip, windows, concatenate, gather, dynamic slices.
   */
  | {
      readonly tag: 'move';
      readonly at: (out: readonly Index[], read: ReadIndex) => readonly Access[];
      readonly fill?: number;
      /** The same said as an update of input 0, for who can write over its memory. */
      readonly update?: ScatterLowering;
    }
  /** Input 0 reduced over axes (removed from the shape). argmax and argmin count along the single reduced axis. */
  | { readonly tag: 'reduce'; readonly op: ReduceOp; readonly axes: readonly number[] }
  /** out[out(b, m, n)] = sum over k of input0[lhs(b, m, k)] * input1[rhs(b, n, k)]; an access whose guards fail is 0. */
  | {
      readonly tag: 'contract';
      readonly batch: readonly number[];
      readonly m: readonly number[];
      readonly n: readonly number[];
      readonly k: readonly number[];
      readonly lhs: (b: readonly Index[], m: readonly Index[], k: readonly Index[]) => Access;
      readonly rhs: (b: readonly Index[], n: readonly Index[], k: readonly Index[]) => Access;
      readonly out: (b: readonly Index[], m: readonly Index[], n: readonly Index[]) => readonly Index[];
    }
  | ScatterLowering
  /** Running reduction along an axis, inclusive. */
  | { readonly tag: 'cumulate'; readonly op: CumulateOp; readonly axis: number; readonly reverse: boolean }
  /** All inputs permuted alike along an axis, so that input 0 ascends (or descends); stable; NaN last. */
  | { readonly tag: 'sort'; readonly axis: number; readonly descending: boolean }
  /** All inputs handed to JS. */
  | { readonly tag: 'callback'; readonly name: string; readonly call: HostCall }
  /** A sub-program over all inputs. */
  | { readonly tag: 'call'; readonly program: Program; readonly routine?: Routine }
  /** Inputs: consts, carry, xs; `program` (consts, carry, slices) -> (carry, slices of ys), for each slice in turn. */
  | {
      readonly tag: 'scan';
      readonly program: Program;
      readonly consts: number;
      readonly carry: number;
      readonly length: number;
      readonly reverse: boolean;
      readonly unroll: number;
    }
  /** The branch whose number is input 0 (clamped), over the other inputs. */
  | { readonly tag: 'cond'; readonly branches: readonly Program[] }
  /** Inputs: constants of the condition, of the body, carry; the body repeated while the condition holds. */
  | {
      readonly tag: 'while';
      readonly cond: Program;
      readonly body: Program;
      readonly condConsts: number;
      readonly bodyConsts: number;
    };
