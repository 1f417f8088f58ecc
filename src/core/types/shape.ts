// Shapes as types: what is known of an operand, axes by number, and axes taken out, put in and exchanged.
import type { Shape } from '../aval.ts';
import type { Tensor } from '../tensor.ts';

declare const mismatch: unique symbol;
/** What the compiler says in place of the right argument; no value has this type. */
export interface ShapeMismatch<Message extends string> {
  readonly [mismatch]: Message;
}

/**
 * T itself, such that tensors of a known and of an unknown shape can stand for each other. Covariance would forbid
 * `let w = zeros([3]); w = f(w)` with an f that knows no shapes; the compiler compares the checked types of two conditional
 * types in either direction, which makes a parameter seen only through this one bivariant.
 */
export type Gradual<T> = T extends infer U ? U : never;

/** The shape of an operand; numbers are scalars. */
export type ShapeOf<X> = X extends Tensor<infer S> ? S : X extends number | boolean ? readonly [] : Shape;

/** What a rule found, where it found something. */
export type Found<S extends Shape> = [S] extends [never] ? Shape : S;

/** The same of a result that the compiler does not know to be a shape. */
export type AsShape<S> = [S] extends [never] ? Shape : S extends Shape ? S : Shape;

/** As many axes, of unknown sizes. */
export type RankOf<S extends Shape> = number extends S['length'] ? Shape : { readonly [K in keyof S]: number };

type Sizes<S extends Shape> = S extends readonly [infer H extends number, ...infer T extends Shape]
  ? T extends readonly []
    ? `${H}`
    : `${H},${Sizes<T>}`
  : '';
/** A shape in a message: `[32,784]`. */
export type Show<S extends Shape> = `[${Sizes<S>}]`;

/** Axes by number, from both ends, for each rank. Beyond these ranks nothing is known. */
interface AxesOfRank {
  readonly 0: Record<never, number>;
  readonly 1: { readonly '0': 0; readonly '-1': 0 };
  readonly 2: { readonly '0': 0; readonly '1': 1; readonly '-1': 1; readonly '-2': 0 };
  readonly 3: {
    readonly '0': 0;
    readonly '1': 1;
    readonly '2': 2;
    readonly '-1': 2;
    readonly '-2': 1;
    readonly '-3': 0;
  };
  readonly 4: {
    readonly '0': 0;
    readonly '1': 1;
    readonly '2': 2;
    readonly '3': 3;
    readonly '-1': 3;
    readonly '-2': 2;
    readonly '-3': 1;
    readonly '-4': 0;
  };
  readonly 5: {
    readonly '0': 0;
    readonly '1': 1;
    readonly '2': 2;
    readonly '3': 3;
    readonly '4': 4;
    readonly '-1': 4;
    readonly '-2': 3;
    readonly '-3': 2;
    readonly '-4': 1;
    readonly '-5': 0;
  };
}
/** Axis A of a shape of a rank, counted from 0; `never` where there is none, `number` where nothing is known. */
export type Axis<Rank, A extends number> = number extends A
  ? number
  : Rank extends keyof AxesOfRank
    ? `${A}` extends keyof AxesOfRank[Rank]
      ? AxesOfRank[Rank][`${A}`]
      : never
    : number;

/** The shape without axes X (counted from 0). */
export type Drop<
  S extends Shape,
  X,
  I extends readonly 0[] = [],
  Out extends Shape = readonly [],
> = S extends readonly [infer H extends number, ...infer T extends Shape]
  ? Drop<T, X, [...I, 0], I['length'] extends X ? Out : readonly [...Out, H]>
  : Out;

/** The shape with axes X (counted from 0) of size 1. */
export type Keep<S extends Shape, X extends number> = { readonly [K in keyof S]: K extends `${X}` ? 1 : S[K] };

/** The shape with a new axis of size N before axis X (counted from 0). */
export type Insert<S extends Shape, X, N extends number, Out extends Shape = readonly []> = Out['length'] extends X
  ? readonly [...Out, N, ...S]
  : S extends readonly [infer H extends number, ...infer T extends Shape]
    ? Insert<T, X, N, readonly [...Out, H]>
    : Shape;

/** The rank after a new axis has come in. */
export type Longer<S extends Shape> = [...S, 0]['length'];

export type Reverse<S extends Shape, Out extends Shape = readonly []> = S extends readonly [
  infer H extends number,
  ...infer T extends Shape,
]
  ? Reverse<T, readonly [H, ...Out]>
  : Out;

type Size<S extends Shape, X> = X extends keyof S ? (S[X] extends number ? S[X] : number) : number;
/** Axis i of the result is axis P[i] of S. */
export type Permute<S extends Shape, P extends Shape> = number extends S['length'] | P['length']
  ? RankOf<P>
  : { readonly [K in keyof P]: P[K] extends number ? Size<S, Axis<S['length'], P[K]>> : number };

/** Axes A and B exchanged. */
export type Swap<S extends Shape, A extends number, B extends number> = number extends S['length'] | A | B
  ? RankOf<S>
  : {
      readonly [K in keyof S]: K extends `${Axis<S['length'], A>}`
        ? Size<S, Axis<S['length'], B>>
        : K extends `${Axis<S['length'], B>}`
          ? Size<S, Axis<S['length'], A>>
          : S[K];
    };
