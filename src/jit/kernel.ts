// Kernels: what a schedule consists of and every backend renders. A kernel is one iteration space over buffers, nothing in it belongs to a backend.
import type { DType } from '../core/dtype.ts';
import type { Expr } from '../core/expr.ts';
import type { Guard, Index, Var } from '../core/index-expr.ts';
import type { CumulateOp, HostCall, ReduceOp, Routine, ScatterOp } from '../core/lowering.ts';

/** A run of `length` elements, dense and row-major; where it lives is the plan's business. */
export interface BufferInfo {
  readonly id: number;
  readonly dtype: DType;
  readonly length: number;
}

/**
 * What is done at each point of a stage's space.
 * - reduce: combines `value` over the stage's axes into local `local`, which later stages of the same row read by
 *   { op: 'local' }. `sum` of float is accurate (blocked); argmax/argmin count the stage's axes row-major, first
 *   wins, NaN counts as the largest (smallest). Over an empty space: the operation's identity.
 * - store: buffer[index] = value.
 * - row: keeps `value` for the current inner position, to be read in later stages by { op: 'row' } at the same
 *   position. All stages of a row program with rows have inner axes of the same total extent.
 */
export type Action =
  | {
      readonly kind: 'reduce';
      readonly op: ReduceOp;
      readonly value: Expr;
      readonly local: number;
      readonly dtype: DType;
    }
  | { readonly kind: 'store'; readonly buffer: number; readonly index: Index; readonly value: Expr }
  | { readonly kind: 'row'; readonly row: number; readonly dtype: DType; readonly value: Expr };

/** A loop over `axes` (none: once) inside every outer point. Expressions are shared by object identity within and across actions. */
export interface Stage {
  readonly axes: readonly Var[];
  readonly actions: readonly Action[];
}

/**
 * for each point of `outer`: for each stage in order: for each point of its axes: the actions.
 * Elementwise kernels have one stage (with or without inner axes), reductions two, softmax and layer norm a few.
 * Outer points are independent of each other: they may run in any order, in lanes, or in parallel.
 * An index or a guard may use outer variables and the stage's own.
 */
export interface LoopKernel {
  readonly kind: 'loop';
  readonly name: string;
  readonly outer: readonly Var[];
  readonly stages: readonly Stage[];
}

/** Loop kernels that are the same up to buffers and extents (an optimizer's update of every parameter): one iteration space, laid end to end. */
export interface MultiKernel {
  readonly kind: 'multi';
  readonly name: string;
  readonly parts: readonly LoopKernel[];
}

/** An operand of a contraction. */
export type Side = 'a' | 'b';
/** buffer[index] = the sum of an operand over k; `index` over the operand's other axes. */
export interface OperandSum {
  readonly side: Side;
  readonly buffer: number;
  readonly index: Index;
}

/**
 * for each point of batch, m, n: acc = sum over k of a * b (missing elements 0), then the epilogue's stores, whose
 * values use { op: 'acc' } and loads indexed by batch, m and n variables.
 * `a` depends on batch, m, k only; `b` on batch, n, k only. Either may be any expression (a prologue), guarded loads
 * included (convolution). `dtype` is that of a, b and acc.
 * `halves`: operands all of whose elements are float16 numbers, for backends that can keep those in less memory.
 * `sums`, only on devices that ask for them (see Limits), of one batch element: sums of an operand, which is read anyway.
 */
export interface ContractKernel {
  readonly kind: 'contract';
  readonly name: string;
  readonly dtype: DType;
  readonly batch: readonly Var[];
  readonly m: readonly Var[];
  readonly n: readonly Var[];
  readonly k: readonly Var[];
  readonly a: Expr;
  readonly b: Expr;
  readonly epilogue: readonly Extract<Action, { kind: 'store' }>[];
  readonly sums?: readonly OperandSum[];
  readonly halves?: readonly Side[];
}

/**
 * target = init everywhere (without it, the target has the memory of what it updates); then, in row-major order of `axes`, where the
 * guards hold: target[index] = op(target[index], value).
 */
export interface ScatterKernel {
  readonly kind: 'scatter';
  readonly name: string;
  readonly op: ScatterOp;
  readonly dtype: DType;
  readonly target: number;
  readonly init?: { readonly axes: readonly Var[]; readonly index: Index; readonly value: Expr };
  readonly axes: readonly Var[];
  readonly index: Index;
  readonly guards: readonly Guard[];
  readonly value: Expr;
}

/** out[.., i, ..] = op of source at 0..i along `axis` (from the end if `reverse`), for each point of outer. Both are dense buffers [outer.., axis, inner..]. */
export interface CumulateKernel {
  readonly kind: 'cumulate';
  readonly name: string;
  readonly op: CumulateOp;
  readonly dtype: DType;
  readonly source: number;
  readonly target: number;
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  readonly reverse: boolean;
}

/** Sorts runs of `length` (stride `inner`) of each source alike into the targets, by source 0, stable, NaN last. */
export interface SortKernel {
  readonly kind: 'sort';
  readonly name: string;
  readonly sources: readonly number[];
  readonly targets: readonly number[];
  readonly dtypes: readonly DType[];
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  readonly descending: boolean;
}

/** Attention or its gradient (see Routine), over dense buffers in the order of its inputs and outputs; `masked` says whether there is a `mask`. */
export interface AttentionKernel extends Routine {
  readonly name: string;
  readonly sources: readonly number[];
  readonly targets: readonly number[];
  /** Shapes: [B, T, N, D], [B, S, K, E], and four axes of 1 or as the scores [B, N, T, S] have them. */
  readonly query: readonly number[];
  readonly value: readonly number[];
  readonly mask?: readonly number[];
}

/** A function of JS on the elements of whole buffers; it runs in its turn among the kernels, and may throw. */
export interface CallbackKernel {
  readonly kind: 'callback';
  readonly name: string;
  readonly sources: readonly number[];
  readonly targets: readonly number[];
  readonly call: HostCall;
}

/**
 * Where a value lives that goes from step to step: it starts as a copy of `init` (which may be `out` itself) and ends in `out`. With
 * a spare, each step reads one of the two and writes the other; without, the body's plan writes the new value over the old (see
 * `Plan.aliases`).
 */
export interface CarrySlot {
  readonly init: number;
  readonly out: number;
  readonly spare?: number;
}

/**
 * `body`, a program with its own plan, once for each of `length` slices in order (or in reverse). Its inputs are the consts, the
 * carry, one slice of each of xs; its outputs, each with memory of its own, the carry and one slice of each of ys.
 */
export interface ScanKernel {
  readonly kind: 'scan';
  readonly name: string;
  readonly body: Plan;
  readonly length: number;
  readonly reverse: boolean;
  readonly consts: readonly number[];
  readonly carry: readonly CarrySlot[];
  readonly xs: readonly number[];
  readonly ys: readonly number[];
}

/** The branch whose number stands in `index` (int32, clamped). All take the same inputs and write the same outputs. */
export interface CondKernel {
  readonly kind: 'cond';
  readonly name: string;
  readonly index: number;
  readonly branches: readonly Plan[];
  readonly inputs: readonly number[];
  readonly outs: readonly number[];
}

/** `body` as long as `cond`, whose one output is a bool, says so: both over their constants and the carry. */
export interface WhileKernel {
  readonly kind: 'while';
  readonly name: string;
  readonly cond: Plan;
  readonly body: Plan;
  readonly condConsts: readonly number[];
  readonly bodyConsts: readonly number[];
  readonly carry: readonly CarrySlot[];
}

export type ControlKernel = ScanKernel | CondKernel | WhileKernel;
export type Kernel =
  | LoopKernel
  | MultiKernel
  | ContractKernel
  | ScatterKernel
  | CumulateKernel
  | SortKernel
  | AttentionKernel
  | CallbackKernel
  | ControlKernel;

/** Where a buffer's bytes are while a program runs. Offsets are in bytes from the start of the program's arena. */
export type Place =
  | { readonly kind: 'input'; readonly position: number }
  | { readonly kind: 'output'; readonly position: number }
  | { readonly kind: 'arena'; readonly offset: number };

/**
 * A scheduled and planned program: kernels in order over placed buffers. Everything a backend needs.
 * `inputs[i]`/`outputs[j]` are the buffer ids of the program's parameters and results; an output that is an input
 * (or an earlier output) is listed in `copies` by position and needs no kernel.
 * `aliases[j] = i`: output j may be written over input i's memory, if the caller donates it.
 */
export interface Plan {
  readonly buffers: ReadonlyMap<number, BufferInfo>;
  readonly places: ReadonlyMap<number, Place>;
  readonly kernels: readonly Kernel[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly aliases: ReadonlyMap<number, number>;
  readonly arenaBytes: number;
}
