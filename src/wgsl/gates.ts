// Dispatches that run or not as the GPU itself decides: their numbers of workgroups stand in memory.
import { perPoint } from './points.ts';
import { createShader, type Shader, type Target } from './shader.ts';
import type { Dispatch, Place, Step } from './steps.ts';

/** Words in a row that are as given where `chosen` is `owner`, else 0. */
export interface Gate {
  readonly owner: number;
  readonly words: readonly number[];
}

/**
 * Steps whose dispatches take their workgroups from memory, from word `from` of `args` on, and what stands there where they run.
 * Those that do so already, or decide for themselves, are left alone.
 */
export const gated = (
  steps: readonly Step[],
  args: Place,
  from: number,
): { readonly steps: readonly Step[]; readonly words: readonly number[] } => {
  const words: number[] = [];
  const gate = (step: Step): Step => {
    if ('steps' in step) return { ...step, steps: step.steps.map(gate) };
    // Calls of JS look at the flag of what is around them.
    if ('call' in step || step.gate !== undefined) return step;
    const word = from + words.length;
    words.push(...step.workgroups);
    return { ...step, gate: { place: args, word } };
  };
  return { steps: steps.map(gate), words };
};

/** The dispatch that writes the words of gates, one invocation a word. `begin` declares `chosen` and gives a condition for any, if there is one. */
export const renderGate = (
  name: string,
  target: Target,
  args: Place,
  gates: readonly Gate[],
  begin: (s: Shader) => string | undefined,
): Dispatch => {
  const s = createShader(target);
  const words = gates.flatMap((g) => g.words);
  const owners = gates.flatMap((g) => g.words.map(() => g.owner));
  const { head, workgroups } = perPoint(s, words.length);
  const all = begin(s);
  s.declare(`const full = array<u32, ${words.length}>(${words.map((w) => `${w}u`).join(', ')});`);
  s.declare(`const owner = array<i32, ${words.length}>(${owners.join(', ')});`);
  s.line(
    `${s.words(args, true)}[p] = select(0u, full[p], ${all === undefined ? '' : `${all} && `}chosen == owner[p]);`,
  );
  return { ...s.finish(name, head, workgroups), gate: 'open' };
};
