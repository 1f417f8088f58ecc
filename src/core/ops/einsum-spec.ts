// The einsum language: a specification string against shapes, with errors that say what is wrong and where.
import { showShape, type Shape } from '../aval.ts';
import { ArgumentError, ShapeError } from '../errors.ts';

/** Labels of each operand's axes and of the output's; axes under an ellipsis are labelled `.0`, `.1`, ... from the right. */
export interface EinsumSpec {
  readonly operands: readonly (readonly string[])[];
  readonly out: readonly string[];
  readonly sizes: ReadonlyMap<string, number>;
}

const op = 'einsum';

const fail = (spec: string, what: string): never => {
  throw new ArgumentError(op, `${what}, in '${spec}'`);
};

// Letters of one term, with '...' as one entry.
const tokens = (spec: string, term: string): string[] => {
  const out: string[] = [];
  for (let i = 0; i < term.length; i++) {
    const c = term[i]!;
    if (c === '.') {
      if (term.slice(i, i + 3) !== '...') fail(spec, `a single '.' in '${term}'; an ellipsis is '...'`);
      if (out.includes('...')) fail(spec, `two ellipses in '${term}'`);
      out.push('...');
      i += 2;
    } else if (/[A-Za-z]/.test(c)) out.push(c);
    else fail(spec, `unexpected character '${c}' in '${term}'; axes are letters`);
  }
  return out;
};

const ellipsis = (n: number): string[] => Array.from({ length: n }, (_, i) => `.${n - 1 - i}`);

export const parseEinsum = (spec: string, shapes: readonly Shape[]): EinsumSpec => {
  if (typeof spec !== 'string')
    throw new ArgumentError(
      op,
      `the first argument is the specification, a string such as 'ij,jk->ik'; got ${typeof spec}`,
    );
  const sides = spec.replace(/\s+/g, '').split('->');
  if (sides.length > 2) fail(spec, "more than one '->'");
  const terms = sides[0]!.split(',');
  if (terms.length !== shapes.length)
    fail(
      spec,
      `the specification has ${terms.length} operand${terms.length === 1 ? '' : 's'} and ${shapes.length} were given`,
    );

  const sizes = new Map<string, number>();
  const operands = terms.map((term, k) => {
    const shape = shapes[k]!;
    const list = tokens(spec, term);
    const letters = list.filter((t) => t !== '...').length;
    const dots = list.includes('...');
    if (dots ? shape.length < letters : shape.length !== letters)
      throw new ShapeError(
        op,
        `operand ${k} has shape ${showShape(shape)} with ${shape.length} axes, '${term}' names ${letters}${dots ? ' beside the ellipsis' : ''}, in '${spec}'`,
      );
    const labels = list.flatMap((t) => (t === '...' ? ellipsis(shape.length - letters) : [t]));
    labels.forEach((l, i) => {
      const d = shape[i]!;
      const known = sizes.get(l);
      // Axes under an ellipsis broadcast; named ones must agree.
      if (known === undefined || (l.startsWith('.') && known === 1)) sizes.set(l, d);
      else if (known !== d && !(l.startsWith('.') && d === 1))
        throw new ShapeError(
          op,
          `axis ${l.startsWith('.') ? 'under the ellipsis' : `'${l}'`} is ${known} in one place and ${d} in operand ${k} of shape ${showShape(shape)}, in '${spec}'`,
        );
    });
    return labels;
  });
  const dotted = [...sizes.keys()].filter((l) => l.startsWith('.')).length;

  let out: string[];
  if (sides.length === 2) {
    const list = tokens(spec, sides[1]!);
    if (dotted > 0 && !list.includes('...'))
      fail(spec, "the operands have axes under an ellipsis and the output has no '...'");
    out = list.flatMap((t) => (t === '...' ? ellipsis(dotted) : [t]));
    out.forEach((l, i) => {
      if (!sizes.has(l)) fail(spec, `output axis '${l}' is in no operand`);
      if (out.indexOf(l) !== i) fail(spec, `output axis '${l}' appears twice`);
    });
  } else {
    // Implicit output: the ellipsis, then the letters that occur once, in alphabetical order.
    const all = operands.flat().filter((l) => !l.startsWith('.'));
    out = [...ellipsis(dotted), ...all.filter((l) => all.indexOf(l) === all.lastIndexOf(l)).sort()];
  }
  return { operands, out, sizes };
};
