// Type tests: trees keep their types through every transform. Checked by the compiler, never run.
import {
  asStatic,
  grad,
  hvp,
  jit,
  jvp,
  linearize,
  tensor,
  valueAndGrad,
  vjp,
  vmap,
  type Tensor,
} from '../../src/index.ts';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Fails to compile unless the two types are the same: `same<A, typeof b>(true)`. */
declare const same: <A, B>(yes: Same<A, B>) => void;

interface Layer {
  readonly w: Tensor;
  readonly b: Tensor;
}
interface Params {
  readonly hidden: Layer;
  readonly layers: readonly Layer[];
}
declare const params: Params;
declare const x: Tensor;
const loss = (p: Params, input: Tensor): Tensor => p.hidden.w.mul(input).sum();

// The gradient has the type of the parameters, interfaces included.
const g = grad(loss)(params, x);
same<Tensor, typeof g.hidden.w>(true);
const [value, dParams] = valueAndGrad(loss)(params, x);
same<Tensor, typeof value>(true);
same<Tensor, typeof dParams.hidden.b>(true);

// A transform returns a function of the same arguments.
same<(p: Params, input: Tensor) => Tensor, typeof mapped>(true);
const mapped = vmap(loss);
const compiled: (p: Params, input: Tensor) => Tensor = jit(loss);
compiled(params, x);
// @ts-expect-error the second argument is missing
compiled(params);
// @ts-expect-error a parameter tree lacks a field
compiled({ hidden: params.hidden }, x);
// @ts-expect-error the input is not a tensor
grad(loss)(params, 'x');

// Tuples stay tuples.
const [out, tangent] = jvp((a: Tensor) => ({ y: a }), [x], [x]);
same<Tensor, typeof out.y>(true);
same<Tensor, typeof tangent.y>(true);
const [, pullback] = vjp((a: Tensor, b: Tensor) => a.add(b), x, x);
same<2, ReturnType<typeof pullback>['length']>(true);
const [, push] = linearize((a: Tensor) => a, x);
push(x);
// @ts-expect-error one tangent for each argument
push();
hvp(loss)(params, params, x);

// Transforms nest.
const third = grad(grad(grad((a: Tensor) => a.mul(a).mul(a))))(x);
same<Tensor, typeof third>(true);
const perExample = jit(vmap(grad(loss)))(params, x);
same<Tensor, typeof perExample.hidden.w>(true);

// A fluent method is the function with its first argument in front.
same<Tensor, ReturnType<typeof x.add>>(true);
// @ts-expect-error a string is no tensor
x.add('1');
// @ts-expect-error JS operators do not compute with tensors
const bad = x - x;

// An element of a bool is a boolean, of anything else a number.
declare const flags: Tensor<readonly [3], 'bool'>;
declare const floats: Tensor<readonly [3], 'float32'>;
same<Promise<boolean>, ReturnType<typeof flags.item>>(true);
same<Promise<number>, ReturnType<typeof floats.item>>(true);
// Shapes are gradual: a known one goes where an unknown one is asked for.
const unknownShape: Tensor = floats;

export const used: readonly unknown[] = [bad, unknownShape, asStatic(3), tensor([1]), mapped];
