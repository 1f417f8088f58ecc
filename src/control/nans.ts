// The search for the first NaN or infinity: a function run as a program and, where its result is not finite, equation by equation.
import { showShape, type Aval } from '../core/aval.ts';
import { NonFiniteError, TracerError, type ValueSummary } from '../core/errors.ts';
import { leafTensor, onLeaves, settle } from '../core/functional.ts';
import { bind, currentInterpreter, eagerly } from '../core/interpreter.ts';
import { checkFunction } from '../core/options.ts';
import { trackOrigins } from '../core/origin.ts';
import { stage, type Staged } from '../core/stage.ts';
import { checkReadable, Tracer, type Tensor } from '../core/tensor.ts';
import { flatten, leafPaths, structureKey, unflatten, type Structure } from '../core/tree.ts';
import { callPrimitive } from './call.ts';
import { findOrigin, isBad, summarise, withoutEffects, type Found } from './blame.ts';
import { subprograms, type Program } from '../core/program.ts';

interface Traced {
  readonly staged: Staged;
  readonly out: Structure;
}
// Signatures kept for each function.
const most = 32;

const short = (v: number): string => String(Number(v.toPrecision(6)));

const show = (s: ValueSummary): string => {
  const range = s.min === undefined ? 'no finite elements' : `min ${short(s.min)}, max ${short(s.max!)}`;
  const bad = [
    ...(s.nans > 0 ? [`${s.nans} NaN`] : []),
    ...(s.infinities > 0 ? [`${s.infinities} infinit${s.infinities === 1 ? 'y' : 'ies'}`] : []),
  ];
  return `${s.dtype}${showShape(s.shape)}, ${[range, ...bad].join(', ')}`;
};

const report = ({ equation: e, inputs, outs, steps }: Found): NonFiniteError => {
  const operands = inputs.map(summarise);
  const results = outs.map(summarise);
  const phase = e.phase ?? 'forward';
  const line = e.frame?.();
  const nans = results.some((r) => r.nans > 0);
  const finite = operands.every((o) => o.nans + o.infinities === 0);
  const message = [
    `${e.primitive.name} made ${nans ? 'NaN' : 'infinity'} out of ${finite ? 'finite values' : 'infinities'}, in the ${phase} pass` +
      steps.map((s) => `, at step ${s.step} of ${s.loop}`).join('') +
      (line === undefined ? '' : phase === 'forward' ? `, at ${line}` : `, of the operation at ${line}`),
    ...operands.map((o, i) => `    operand ${i}: ${show(o)}`),
    ...results.map((r) => `    result: ${show(r)}`),
  ].join('\n');
  return new NonFiniteError('debug.nans', message, {
    operation: e.primitive.name,
    phase,
    line,
    steps,
    operands,
    results,
  });
};

const writesInfinity = (p: Program): boolean =>
  p.equations.some(
    (e) =>
      (e.primitive.name === 'full' && !Number.isFinite(e.params['value'] as number)) ||
      subprograms(e.params).some(writesInfinity),
  );

/** No operation made it: it came in, or only the compiled program has it. */
const cameIn = (captured: readonly Tensor[], args: readonly Tensor[], structure: Structure): NonFiniteError => {
  const paths = leafPaths(structure);
  const bad = [
    ...args.flatMap((x, i) => (isBad(x) ? [{ x, name: `argument ${paths[i]!}` }] : [])),
    ...captured.flatMap((x) => (isBad(x) ? [{ x, name: 'a captured value' }] : [])),
  ];
  const operands = bad.map(({ x }) => summarise(x));
  return new NonFiniteError(
    'debug.nans',
    bad.length === 0
      ? 'the compiled program has a result that is not finite, while no operation on its own makes one; look for values close to the largest of their dtype'
      : ['what went in was not finite', ...bad.map(({ name }, i) => `    ${name}: ${show(operands[i]!)}`)].join('\n'),
    { operation: undefined, phase: 'forward', line: undefined, steps: [], operands, results: [] },
  );
};

/**
 * A function like f that fails where a float in its result is NaN or infinite, naming the first operation on the way there that
 * made one out of finite values: in the forward or the backward pass, the user's line, the step of a scan, and a summary of each
 * operand (`jax_debug_nans`, for whole programs). f runs as one compiled program; only where the result is bad does it run again
 * operation by operation, without its effects. Wrap the outermost function: debug.nans(grad(f)), not grad(debug.nans(f)). Donation
 * by functions inside is ignored. Errors: NonFiniteError, whose fields say the same as its message.
 * @example
 * const f = debug.nans((x) => log(x));
 * f(tensor([1])); // [0]
 * try { f(tensor([0])); } catch (e) { e.operation; } // 'log'
 */
export const nans = <A extends readonly unknown[], R>(f: (...args: A) => R): ((...args: A) => R) => {
  checkFunction('debug.nans', f);
  const known = new Map<string, Traced>();
  const trace = (xs: readonly Tensor[], structure: Structure): Traced => {
    const key = structureKey(structure) + xs.map((x) => `|${x.weak ? '~' : ''}${x.dtype}${x.shape.join()}`).join('');
    let traced = known.get(key);
    if (traced === undefined) {
      const g = onLeaves('debug.nans', f as unknown as (...args: never[]) => unknown, structure);
      const avals = xs.map((x): Aval => ({ shape: x.shape, dtype: x.dtype, weak: x.weak }));
      const staged = trackOrigins(() => stage('debug.nans', (...ys) => g.run(...ys).map(settle), avals));
      if (known.size >= most) known.clear();
      known.set(key, (traced = { staged, out: g.out() }));
    }
    return traced;
  };
  return (...args) => {
    const { leaves, structure } = flatten(args, 'debug.nans');
    const xs = leaves.map(leafTensor);
    if (currentInterpreter() !== eagerly || xs.some((x) => x instanceof Tracer))
      throw new TracerError(
        'debug.nans',
        'needs concrete values, but was called inside of a transform; wrap the outermost function: debug.nans(grad(f)), debug.nans(jit(f))',
      );
    const { staged, out } = trace(xs, structure);
    const inputs = [...staged.captured, ...xs];
    const outs = bind(callPrimitive, inputs, { name: 'nans', program: staged.program });
    for (const y of outs)
      checkReadable('debug.nans', y, 'bring the arguments to the WebAssembly device with devicePut(x, device)');
    const bad = outs.map(isBad);
    if (!bad.includes(true)) return unflatten<R>(out, outs);
    const found = findOrigin(withoutEffects(staged.program), inputs, bad);
    // An infinity that is written down as such was not made.
    if (found === undefined && !inputs.some(isBad) && writesInfinity(staged.program)) return unflatten<R>(out, outs);
    throw found === undefined ? cameIn(staged.captured, xs, structure) : report(found);
  };
};
