// Exact equality of types, for the type tests.
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** `expectType<A>()(value)` compiles if the value has exactly the type A. */
export const expectType =
  <A>() =>
  <B>(_: B, ..._same: Same<A, B> extends true ? [] : [expected: A, got: B]): void => {};

/** True if two types are exactly equal. */
export type Equal<A, B> = Same<A, B>;
/** Compiles if its argument is `true`. */
export const holds = <T extends true>(_?: T): void => {};
