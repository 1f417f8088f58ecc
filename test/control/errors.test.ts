// What control flow says when it is used wrongly: the operation, the path, both sides, and what to do instead.
import { describe, expect, test } from 'vitest';
import {
  add,
  any,
  astype,
  cond,
  foriLoop,
  grad,
  greater,
  jacrev,
  jit,
  map,
  mul,
  ones,
  scan,
  stack,
  sum,
  switchCase,
  tensor,
  vjp,
  vmap,
  whileLoop,
  zeros,
  type Tensor,
} from '../../src/index.ts';

type Body = (c: Tensor, x: Tensor) => readonly [unknown, unknown];
const message = (f: () => unknown): string => {
  try {
    f();
  } catch (e) {
    return `${(e as Error).name}: ${(e as Error).message.split('\n')[0]!}`;
  }
  return 'no error';
};
const messages = (attempts: Readonly<Record<string, () => unknown>>): string =>
  Object.entries(attempts)
    .map(([k, f]) => `${k}\n  ${message(f)}`)
    .join('\n');
const keep: Body = (c, x) => [c, x];
const three = (): Tensor => tensor([1, 2, 3]);
const yes = (): Tensor => tensor(true);

describe('scan', () => {
  test('a carry that changes', () => {
    const state = { h: zeros([2]), n: [tensor(0, 'int32')] };
    type State = typeof state;
    expect(
      messages({
        shape: () => scan((c) => [stack([c, c]), null], tensor(0), three()),
        'shape, in a tree': () => scan((c: State) => [{ ...c, h: ones([3]) }, null], state, three()),
        dtype: () => scan((c) => [astype(c, 'int32'), null], tensor(0), three()),
        'dtype, in a tree': () => scan((c: State) => [{ ...c, n: [mul(c.n[0]!, 0.5)] }, null], state, three()),
        'dtype from an integer': () => scan((c, x) => [add(c, x), null], tensor(0, 'int32'), three()),
        'dtype from a boolean': () => scan((c) => [add(c, 1), null], tensor(true), three()),
        'structure: a key missing': () => scan((c: State) => [{ h: c.h }, null], state, three()),
        'structure: a longer array': () => scan((c: State) => [{ ...c, n: [...c.n, c.h] }, null], state, three()),
        'structure: a tensor for an object': () => scan((c: State) => [c.h, null], state, three()),
        'structure: null': () => scan(() => [null, null], tensor(0), three()),
        'under jit': () => jit((x: Tensor) => scan((c) => [stack([c, c]), null], tensor(0), x))(three()),
        'under grad': () =>
          grad((x: Tensor) => scan((c: Tensor) => [stack([c, c]), null], tensor(0), x)[0] as Tensor)(three()),
        'under vmap': () => vmap((x: Tensor) => scan((c: Tensor) => [stack([c, c]), null], x, three())[0])(ones([2])),
      }),
    ).toMatchInlineSnapshot(`
      "shape
        ShapeError: scan: the carry changes: it enters the body as float32[] and leaves it as float32[2]; it must keep its shape and dtype from step to step
      shape, in a tree
        ShapeError: scan: the carry changes at h: it enters the body as float32[2] and leaves it as float32[3]; it must keep its shape and dtype from step to step
      dtype
        DTypeError: scan: the carry changes: it enters the body as float32[] and leaves it as int32[]; it must keep its shape and dtype from step to step (start with int32, or cast the result with astype)
      dtype, in a tree
        DTypeError: scan: the carry changes at n[0]: it enters the body as int32[] and leaves it as float32[]; it must keep its shape and dtype from step to step (start with float32, or cast the result with astype)
      dtype from an integer
        DTypeError: scan: the carry changes: it enters the body as int32[] and leaves it as float32[]; it must keep its shape and dtype from step to step (start with float32, or cast the result with astype)
      dtype from a boolean
        DTypeError: scan: the carry changes: it enters the body as bool[] and leaves it as int32[]; it must keep its shape and dtype from step to step (start with int32, or cast the result with astype)
      structure: a key missing
        TreeError: scan: the initial carry and the carry that the body returns differ in structure, at the root: 'n' is only in the first
      structure: a longer array
        TreeError: scan: the initial carry and the carry that the body returns differ in structure, at n: an array of 1 against an array of 2
      structure: a tensor for an object
        TreeError: scan: the initial carry and the carry that the body returns differ in structure, at the root: an object with keys {h, n} against a leaf
      structure: null
        TreeError: scan: the initial carry and the carry that the body returns differ in structure, at the root: a leaf against the static value null
      under jit
        ShapeError: scan: the carry changes: it enters the body as float32[] and leaves it as float32[2]; it must keep its shape and dtype from step to step
      under grad
        ShapeError: scan: the carry changes: it enters the body as float32[] and leaves it as float32[2]; it must keep its shape and dtype from step to step
      under vmap
        ShapeError: scan: the carry changes: it enters the body as float32[] and leaves it as float32[2]; it must keep its shape and dtype from step to step"
    `);
  });

  test('xs and length', () => {
    expect(
      messages({
        'xs of different lengths': () => scan(keep as never, tensor(0), { a: zeros([3]), b: zeros([2, 2]) }),
        'length against xs': () => scan(keep, tensor(0), three(), { length: 2 }),
        'length missing': () => scan(keep as never, tensor(0), null),
        'length missing, empty tree': () => scan(keep as never, tensor(0), []),
        'length negative': () => scan(keep as never, tensor(0), null, { length: -1 }),
        'length not an integer': () => scan(keep as never, tensor(0), null, { length: 1.5 }),
        'length a tensor': () => scan(keep as never, tensor(0), null, { length: tensor(2) as never }),
        'a scalar': () => scan(keep, tensor(0), tensor(1)),
        'a scalar in a tree': () => scan(keep as never, tensor(0), [three(), { t: tensor(1) }]),
        'a number': () => scan(keep as never, tensor(0), 3),
        'a ragged array of numbers': () => scan(keep as never, tensor(0), [[1, 2], [3]]),
      }),
    ).toMatchInlineSnapshot(`
      "xs of different lengths
        ShapeError: scan: the number of steps is 3 by xs at a, but xs at b has shape [2, 2]; the first axes must agree
      length against xs
        ShapeError: scan: the number of steps is 2 by length, but xs has shape [3]; the first axes must agree
      length missing
        ArgumentError: scan: there are no xs; give the number of steps as { length }
      length missing, empty tree
        ArgumentError: scan: there are no xs; give the number of steps as { length }
      length negative
        ArgumentError: scan: length must be an integer of at least 0, got -1
      length not an integer
        ArgumentError: scan: length must be an integer of at least 0, got 1.5
      length a tensor
        ArgumentError: scan: length must be an integer of at least 0, got Tensor float32[] 2
      a scalar
        ShapeError: scan: xs is a scalar and has no axis to go along
      a scalar in a tree
        ShapeError: scan: xs at [1].t is a scalar and has no axis to go along
      a number
        ShapeError: scan: xs is a scalar and has no axis to go along
      a ragged array of numbers
        ShapeError: scan: xs at [0][0] is a scalar and has no axis to go along"
    `);
  });

  test('the body and the options', () => {
    expect(
      messages({
        'no function': () => scan(3 as never, tensor(0), three()),
        'no pair': () => scan(((c: Tensor) => c) as never, tensor(0), three()),
        'three results': () => scan(((c: Tensor) => [c, c, c]) as never, tensor(0), three()),
        'an object': () => scan(((c: Tensor) => ({ carry: c, y: c })) as never, tensor(0), three()),
        undefined: () => scan((() => undefined) as never, tensor(0), three()),
        'undefined as y': () => scan((c) => [c, undefined], tensor(0), three()),
        'a Promise': () => scan((async (c: Tensor) => [c, c]) as never, tensor(0), three()),
        'an unknown option': () => scan(keep, tensor(0), three(), { reversed: true } as never),
        'options that are a number': () => scan(keep, tensor(0), three(), 3 as never),
        'unroll 0': () => scan(keep, tensor(0), three(), { unroll: 0 }),
        'unroll 1.5': () => scan(keep, tensor(0), three(), { unroll: 1.5 }),
        'a class instance in the carry': () => scan(keep as never, { d: new Date(0) }, three()),
        'a value of the trace kept for later': () => {
          let kept: Tensor | undefined;
          scan((c, x) => [add(c, (kept = mul(x, 2))), null], tensor(0), three());
          return add(kept!, 1);
        },
        'a branch on the carry': () => scan((c, x) => [(c as unknown as number) > 1 ? c : x, null], tensor(0), three()),
        'reading the carry': () => scan((c) => [c, c.itemSync() as number], tensor(0), three()),
      }),
    ).toMatchInlineSnapshot(`
      "no function
        ArgumentError: scan: needs a function as its first argument, got the number 3
      no pair
        ArgumentError: scan: the body must return the pair [carry, y]; use null for y where there is none
      three results
        ArgumentError: scan: the body must return the pair [carry, y]; use null for y where there is none
      an object
        ArgumentError: scan: the body must return the pair [carry, y]; use null for y where there is none
      undefined
        TreeError: scan: the function returned undefined; return a tensor or a tree of tensors
      undefined as y
        no error
      a Promise
        TracerError: scan: the function returned a Promise; a transformed function must be synchronous: do the awaiting outside of it
      an unknown option
        ArgumentError: scan: there is no option 'reversed'; the options are length, reverse, unroll
      options that are a number
        ArgumentError: scan: options are an object such as { length: ... }, got the number 3
      unroll 0
        ArgumentError: scan: unroll must be a positive integer or a boolean, got 0
      unroll 1.5
        ArgumentError: scan: unroll must be a positive integer or a boolean, got 1.5
      a class instance in the carry
        TreeError: scan: the tree holds an instance of Date; use arrays, tuples and plain objects, at d
      a value of the trace kept for later
        TracerError: add: got a value traced by scan (shape [], dtype float32) outside of the transform that made it; a traced value must not be kept in a variable outside of the function: return it instead
      a branch on the carry
        TracerError: Tensor: a tensor of shape [] and dtype float32 was used with a JS operator (+, -, *, <, == ...), which cannot compute with tensors; use add(x, y), less(x, y), equal(x, y) and so on, or await x.item() for a JS number
      reading the carry
        TracerError: dataSync: the value is traced by scan (shape [], dtype float32) and has no elements yet; return it from the transformed function and read the result, or use where/select instead of branching on it"
    `);
  });
});

describe('foriLoop', () => {
  test('bounds, options and carry', () => {
    const body = (_: Tensor, c: Tensor): Tensor => c;
    expect(
      messages({
        'a fraction': () => foriLoop(0, 2.5, body, tensor(0)),
        NaN: () => foriLoop(NaN, 2, body, tensor(0)),
        'a float tensor': () => foriLoop(0, tensor(3), body, tensor(0)),
        'a vector': () => foriLoop(0, tensor([3], 'int32'), body, tensor(0)),
        'a text': () => foriLoop('0' as never, 3, body, tensor(0)),
        'no function': () => foriLoop(0, 3, null as never, tensor(0)),
        'an unknown option': () => foriLoop(0, 3, body, tensor(0), { reverse: true } as never),
        'a carry that changes shape': () => foriLoop(0, 3, (_, c) => stack([c, c]), tensor(0)),
        'a carry that changes shape, tensor bounds': () =>
          foriLoop(0, tensor(3, 'int32'), (_, c) => stack([c, c]), tensor(0)),
        'a carry that changes structure': () => foriLoop(0, 3, (_, c) => [c], { a: tensor(0) }),
        undefined: () => foriLoop(0, 3, () => undefined, tensor(0)),
        'a Promise': () => foriLoop(0, 3, async (_, c) => c, tensor(0)),
        'grad, tensor bounds': () =>
          grad((x: Tensor) => foriLoop(0, tensor(3, 'int32'), (_: Tensor, c: Tensor) => mul(c, x), tensor(1)))(
            tensor(2),
          ),
      }),
    ).toMatchInlineSnapshot(`
      "a fraction
        ArgumentError: foriLoop: upper must be an integer or an integer scalar tensor, got 2.5
      NaN
        ArgumentError: foriLoop: lower must be an integer or an integer scalar tensor, got NaN
      a float tensor
        ArgumentError: foriLoop: upper must be an integer or an integer scalar tensor, got float32[]
      a vector
        ArgumentError: foriLoop: upper must be an integer or an integer scalar tensor, got int32[1]
      a text
        ArgumentError: foriLoop: lower must be an integer or an integer scalar tensor, got 0
      no function
        ArgumentError: foriLoop: needs a function as its first argument, got null
      an unknown option
        ArgumentError: foriLoop: there is no option 'reverse'; the options are unroll
      a carry that changes shape
        ShapeError: foriLoop: the carry changes: it enters the body as float32[] and leaves it as float32[2]; it must keep its shape and dtype from step to step
      a carry that changes shape, tensor bounds
        ShapeError: foriLoop: the carry changes at carry: it enters the body as float32[] and leaves it as float32[2]; it must keep its shape and dtype from step to step
      a carry that changes structure
        TreeError: foriLoop: the initial carry and the carry that the body returns differ in structure, at the root: an object with keys {a} against an array of 1
      undefined
        TreeError: foriLoop: the function returned undefined; return a tensor or a tree of tensors
      a Promise
        TracerError: foriLoop: the function returned a Promise; a transformed function must be synchronous: do the awaiting outside of it
      grad, tensor bounds
        TracerError: whileLoop: has no reverse-mode derivative (grad, vjp, jacrev), because the number of its steps is known only when it runs; use scan, or foriLoop with bounds that are JS numbers, or forward mode (jvp, jacfwd); a fixed point has a rule of its own, by customVjp"
    `);
  });
});

describe('whileLoop', () => {
  const half = (x: Tensor): Tensor => mul(x, 0.5);
  const big = (x: Tensor): Tensor => greater(x, 1);
  const steps = (x: Tensor): Tensor => whileLoop(big, half, x);
  test('condition, body and carry', () => {
    expect(
      messages({
        'a vector': () => whileLoop((x) => greater(x, 1), half, three()),
        'a number': () => whileLoop((x) => sum(x), half, three()),
        'a JS boolean': () => whileLoop((() => true) as never, half, three()),
        'a tree': () => whileLoop(((x: Tensor) => [any(greater(x, 1)), any(greater(x, 1))]) as never, half, three()),
        undefined: () => whileLoop((() => undefined) as never, half, three()),
        'a Promise as condition': () => whileLoop((async (x: Tensor) => big(x)) as never, half, tensor(3)),
        'a Promise as body': () => whileLoop(big, async (x) => half(x), tensor(3)),
        'no condition': () => whileLoop(true as never, half, tensor(3)),
        'no body': () => whileLoop(big, 3 as never, tensor(3)),
        shape: () =>
          whileLoop(
            (x) => any(greater(x, 1)),
            (x) => stack([x, x]),
            tensor(3),
          ),
        dtype: () => whileLoop(big, half, tensor(3, 'int32')),
        structure: () =>
          whileLoop(
            ({ x }) => big(x),
            ({ x }) => ({ x, y: x }),
            { x: tensor(3) },
          ),
      }),
    ).toMatchInlineSnapshot(`
      "a vector
        ShapeError: whileLoop: the condition must return one bool scalar, got bool[3]; reduce it with any or all
      a number
        ShapeError: whileLoop: the condition must return one bool scalar, got float32[]; reduce it with any or all
      a JS boolean
        ShapeError: whileLoop: the condition must return one bool scalar, got the boolean true; make a tensor of it
      a tree
        ShapeError: whileLoop: the condition must return one bool scalar, got a tree; reduce it with any or all
      undefined
        TreeError: whileLoop: the function returned undefined; return a tensor or a tree of tensors
      a Promise as condition
        TracerError: whileLoop: the function returned a Promise; a transformed function must be synchronous: do the awaiting outside of it
      a Promise as body
        TracerError: whileLoop: the function returned a Promise; a transformed function must be synchronous: do the awaiting outside of it
      no condition
        ArgumentError: whileLoop: needs a function as cond, got the boolean true
      no body
        ArgumentError: whileLoop: needs a function as body, got the number 3
      shape
        ShapeError: whileLoop: the carry changes: it enters the body as float32[] and leaves it as float32[2]; it must keep its shape and dtype from step to step
      dtype
        DTypeError: whileLoop: the carry changes: it enters the body as int32[] and leaves it as float32[]; it must keep its shape and dtype from step to step (start with float32, or cast the result with astype)
      structure
        TreeError: whileLoop: the initial carry and the carry that the body returns differ in structure, at the root: 'y' is only in the second"
    `);
  });
  test('reverse mode', () => {
    expect(
      messages({
        grad: () => grad(steps)(tensor(9)),
        'grad of jit': () => grad(jit(steps))(tensor(9)),
        'jit of grad': () => jit(grad(steps))(tensor(9)),
        vjp: () => vjp(steps, tensor(9))[1](tensor(1)),
        jacrev: () => jacrev(steps)(tensor(9)),
        'vmap of grad': () => vmap(grad(steps))(three()),
        'grad through a scan': () =>
          grad((x: Tensor) => scan((c, y) => [steps(add(c, y)), null], x, three())[0])(tensor(9)),
        'grad by a closed-over value': () =>
          grad((k: Tensor) => whileLoop(big, (x) => mul(x, k), tensor(9)))(tensor(0.5)),
      }),
    ).toMatchInlineSnapshot(`
      "grad
        TracerError: whileLoop: has no reverse-mode derivative (grad, vjp, jacrev), because the number of its steps is known only when it runs; use scan, or foriLoop with bounds that are JS numbers, or forward mode (jvp, jacfwd); a fixed point has a rule of its own, by customVjp
      grad of jit
        TracerError: whileLoop: has no reverse-mode derivative (grad, vjp, jacrev), because the number of its steps is known only when it runs; use scan, or foriLoop with bounds that are JS numbers, or forward mode (jvp, jacfwd); a fixed point has a rule of its own, by customVjp
      jit of grad
        TracerError: whileLoop: has no reverse-mode derivative (grad, vjp, jacrev), because the number of its steps is known only when it runs; use scan, or foriLoop with bounds that are JS numbers, or forward mode (jvp, jacfwd); a fixed point has a rule of its own, by customVjp
      vjp
        TracerError: whileLoop: has no reverse-mode derivative (grad, vjp, jacrev), because the number of its steps is known only when it runs; use scan, or foriLoop with bounds that are JS numbers, or forward mode (jvp, jacfwd); a fixed point has a rule of its own, by customVjp
      jacrev
        TracerError: whileLoop: has no reverse-mode derivative (grad, vjp, jacrev), because the number of its steps is known only when it runs; use scan, or foriLoop with bounds that are JS numbers, or forward mode (jvp, jacfwd); a fixed point has a rule of its own, by customVjp
      vmap of grad
        TracerError: whileLoop: has no reverse-mode derivative (grad, vjp, jacrev), because the number of its steps is known only when it runs; use scan, or foriLoop with bounds that are JS numbers, or forward mode (jvp, jacfwd); a fixed point has a rule of its own, by customVjp
      grad through a scan
        TracerError: whileLoop: has no reverse-mode derivative (grad, vjp, jacrev), because the number of its steps is known only when it runs; use scan, or foriLoop with bounds that are JS numbers, or forward mode (jvp, jacfwd); a fixed point has a rule of its own, by customVjp
      grad by a closed-over value
        TracerError: whileLoop: has no reverse-mode derivative (grad, vjp, jacrev), because the number of its steps is known only when it runs; use scan, or foriLoop with bounds that are JS numbers, or forward mode (jvp, jacfwd); a fixed point has a rule of its own, by customVjp"
    `);
  });
});

describe('cond and switch', () => {
  const one = (x: Tensor): Tensor => mul(x, 2);
  const pair = (x: Tensor): Tensor[] => [x, x];
  test('the choice', () => {
    expect(
      messages({
        'a vector': () => cond(greater(three(), 1), one, one, three()),
        'a number': () => cond(1 as never, one, one, three()),
        null: () => cond(null as never, one, one, three()),
        'a function missing': () => cond(yes(), one, undefined as never, three()),
        'a function missing, JS boolean': () => cond(true, one, undefined as never, three()),
        'an index that is a float': () => switchCase(tensor(1), [one, one], three()),
        'an index that is a fraction': () => switchCase(0.5, [one, one], three()),
        'an index that is a vector': () => switchCase(tensor([1], 'int32'), [one, one], three()),
        'an index that is a boolean': () => switchCase(true as never, [one, one], three()),
        'no branches': () => switchCase(tensor(1, 'int32'), [], three()),
        'branches that are no array': () => switchCase(tensor(1, 'int32'), one as never, three()),
        'a branch that is no function': () => switchCase(tensor(1, 'int32'), [one, 3 as never], three()),
      }),
    ).toMatchInlineSnapshot(`
      "a vector
        ShapeError: cond: the predicate must be a scalar, got shape [3]; use where for a choice by element, vmap for one by slice, or any/all for one of the whole
      a number
        ArgumentError: cond: the predicate must be a bool scalar tensor or a JS boolean, got the number 1
      null
        ArgumentError: cond: the predicate must be a bool scalar tensor or a JS boolean, got null
      a function missing
        ArgumentError: cond: needs a function as onFalse, got undefined
      a function missing, JS boolean
        ArgumentError: cond: needs a function as onFalse, got undefined
      an index that is a float
        DTypeError: switch: the index must be an integer scalar, got float32; cast it with astype('int32')
      an index that is a fraction
        ArgumentError: switch: the index must be an integer, got 0.5
      an index that is a vector
        ShapeError: switch: the index must be an integer scalar, got shape [1]; use vmap for one by slice
      an index that is a boolean
        ShapeError: switch: the index must be an integer scalar, got the boolean true
      no branches
        ArgumentError: switch: needs an array of at least one function
      branches that are no array
        ArgumentError: switch: needs an array of at least one function
      a branch that is no function
        ArgumentError: switch: needs a function as branch 1, got the number 3"
    `);
  });
  test('branches that differ', () => {
    expect(
      messages({
        shape: () => cond(yes(), one, (x) => sum(x), three()),
        dtype: () => cond(yes(), one, (x) => astype(x, 'int32'), three()),
        structure: () => cond(yes(), pair, (x) => [x, x, x], three()),
        keys: () =>
          cond(
            yes(),
            (x) => ({ a: x }),
            (x) => ({ b: x }),
            three(),
          ),
        'in a tree': () =>
          cond(
            yes(),
            (x) => ({ a: [x] }),
            (x) => ({ a: [stack([x, x])] }),
            three(),
          ),
        text: () =>
          cond(
            yes(),
            (x) => ({ a: x, kind: 'a' }),
            (x) => ({ a: x, kind: 'b' }),
            three(),
          ),
        switch: () => switchCase(tensor(1, 'int32'), [one, one, (x: Tensor) => sum(x)], three()),
        undefined: () => cond(yes(), one, () => undefined, three()),
        'a Promise': () =>
          cond(
            yes(),
            async (x) => x,
            async (x) => x,
            three(),
          ),
        'under jit': () => jit((p: Tensor, x: Tensor) => cond(p, one, (y: Tensor) => sum(y), x))(yes(), three()),
      }),
    ).toMatchInlineSnapshot(`
      "shape
        ShapeError: cond: the branches differ: onFalse returns float32[], onTrue returns float32[3]; they must have the same shapes and dtypes
      dtype
        DTypeError: cond: the branches differ: onFalse returns int32[3], onTrue returns float32[3]; they must have the same shapes and dtypes
      structure
        TreeError: cond: what onFalse returns and what onTrue returns differ in structure, at the root: an array of 3 against an array of 2
      keys
        TreeError: cond: what onFalse returns and what onTrue returns differ in structure, at the root: 'b' is only in the first, 'a' is only in the second
      in a tree
        ShapeError: cond: the branches differ at a[0]: onFalse returns float32[2,3], onTrue returns float32[3]; they must have the same shapes and dtypes
      text
        TreeError: cond: what onFalse returns and what onTrue returns differ in structure, at kind: the static value "b" against the static value "a"
      switch
        ShapeError: switch: the branches differ: branch 0 returns float32[3], branch 2 returns float32[]; they must have the same shapes and dtypes
      undefined
        TreeError: cond: the function returned undefined; return a tensor or a tree of tensors
      a Promise
        TracerError: cond: the function returned a Promise; a transformed function must be synchronous: do the awaiting outside of it
      under jit
        ShapeError: cond: the branches differ: onFalse returns float32[], onTrue returns float32[3]; they must have the same shapes and dtypes"
    `);
  });
  test('weak numbers follow the other branch, and are float32 where all are weak', () => {
    expect(
      cond(
        yes(),
        () => 1,
        (x: Tensor) => x,
        tensor(3, 'int32'),
      ).dtype,
    ).toBe('int32');
    expect(
      (
        cond(
          yes(),
          () => 1,
          () => 2,
        ) as unknown as Tensor
      ).dtype,
    ).toBe('float32');
  });
});

describe('map', () => {
  test('slices, options and function', () => {
    expect(
      messages({
        'no function': () => map(3 as never, three()),
        'no xs': () => map((x: Tensor) => x, null as never),
        'a scalar': () => map((x) => x, tensor(1)),
        'different lengths': () => map((x: { a: Tensor; b: Tensor }) => x.a, { a: zeros([2]), b: zeros([3]) }),
        'different lengths, batched': () =>
          map((x: { a: Tensor; b: Tensor }) => x.a, { a: zeros([2]), b: zeros([3]) }, { batchSize: 2 }),
        'a scalar, batched': () => map((x) => x, tensor(1), { batchSize: 2 }),
        'batchSize 0': () => map((x) => x, three(), { batchSize: 0 }),
        'batchSize 1.5': () => map((x) => x, three(), { batchSize: 1.5 }),
        'an unknown option': () => map((x) => x, three(), { size: 2 } as never),
        undefined: () => map(() => undefined, three()),
        'a Promise': () => map(async (x) => x, three()),
      }),
    ).toMatchInlineSnapshot(`
      "no function
        ArgumentError: map: needs a function as its first argument, got the number 3
      no xs
        ArgumentError: map: there are no xs: the tree has no tensors
      a scalar
        ShapeError: map: xs is a scalar and has no axis to go along
      different lengths
        ShapeError: map: the number of steps is 2 by xs at a, but xs at b has shape [3]; the first axes must agree
      different lengths, batched
        ShapeError: map: the number of steps is 2 by xs at a, but xs at b has shape [3]; the first axes must agree
      a scalar, batched
        ShapeError: map: xs is a scalar and has no axis to go along
      batchSize 0
        ArgumentError: map: batchSize must be a positive integer, got 0
      batchSize 1.5
        ArgumentError: map: batchSize must be a positive integer, got 1.5
      an unknown option
        ArgumentError: map: there is no option 'size'; the options are batchSize
      undefined
        TreeError: map: the function returned undefined; return a tensor or a tree of tensors
      a Promise
        TracerError: map: the function returned a Promise; a transformed function must be synchronous: do the awaiting outside of it"
    `);
  });
});
