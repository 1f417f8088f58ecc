// Concatenations of more arrays than a kernel may touch: first some of them, and then what became of these.
import type { Equation, Program, Value } from '../core/program.ts';

const wide = (e: Equation, most: number): boolean => e.primitive.name === 'concatenate' && e.inputs.length > most;

const inPieces = (e: Equation, most: number): readonly Equation[] => {
  if (!wide(e, most)) return [e];
  const size = Math.ceil(e.inputs.length / Math.ceil(e.inputs.length / most));
  const before: Equation[] = [];
  const pieces: Value[] = [];
  for (let i = 0; i < e.inputs.length; i += size) {
    const inputs = e.inputs.slice(i, i + size);
    const aval = e.primitive.shape(
      inputs.map((v) => v.aval),
      e.params,
    )[0]!;
    const piece: Value = { aval };
    before.push({ ...e, inputs, outs: [piece] });
    pieces.push(piece);
  }
  return [...before, ...inPieces({ ...e, inputs: pieces }, most)];
};

/** The program with no concatenation of more arrays than fit beside the result, where a kernel may touch so many `buffers`. */
export const splitWide = (program: Program, buffers: number): Program => {
  const most = Math.max(2, buffers - 1);
  if (!program.equations.some((e) => wide(e, most))) return program;
  return { ...program, equations: program.equations.flatMap((e) => inPieces(e, most)) };
};
