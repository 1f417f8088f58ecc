// A warning about traces that grow too long: the sign of a JS loop that should be a loop of the program.
import type { Equation } from './program.ts';

/** More equations than this in one trace are too many. */
export const longTrace = 20_000;

// Formatting a stack takes some microseconds, so not all are.
const samples = 400;

/** The user's line that asked for most of the equations, and its share. */
const commonest = (equations: readonly Equation[]): { readonly line: string; readonly share: number } | undefined => {
  const counts = new Map<string, number>();
  const step = Math.max(1, Math.floor(equations.length / samples));
  let seen = 0;
  for (let i = 0; i < equations.length; i += step) {
    const line = equations[i]!.frame?.();
    seen++;
    if (line !== undefined) counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  const [first] = [...counts].sort((a, b) => b[1] - a[1]);
  return first === undefined ? undefined : { line: first[0], share: first[1] / seen };
};

/** Says which line makes a trace so long, and what to write instead. */
export const warnOfLength = (kind: string, equations: readonly Equation[]): void => {
  const most = commonest(equations);
  const where =
    most === undefined ? '' : `, about ${Math.round(most.share * 100)} % of them at this line:\n    at ${most.line}\n `;
  // eslint-disable-next-line no-console -- the program is right and will run; it is only slow to trace and compile
  console.warn(
    `cotangent: ${kind} has traced more than ${longTrace.toLocaleString('en')} operations${where}${where === '' ? ';' : ''} a JS loop around traced operations is unrolled, and every step is compiled; write it as scan(f, init, xs) or foriLoop(lower, upper, body, init), which are traced once`,
  );
};
