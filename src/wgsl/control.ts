// Control flow on the GPU: the steps of the programs inside of a program among its own, over the same memory.
import type { CondKernel, Plan, ScanKernel, WhileKernel } from '../jit/kernel.ts';
import { carried, renderCopies, takeSlot, whole, type Around, type RenderPlan } from './carry.ts';
import { gated, renderGate, type Gate } from './gates.ts';
import type { Shader } from './shader.ts';
import type { Dispatch, Flag, Site, Step } from './steps.ts';
import { wordBytes } from './types.ts';

/** A slice of each of some stacked arrays, as many as a body has buffers for. */
const slicesOf = (
  stacked: readonly number[],
  body: Plan,
  parts: readonly number[],
  k: ScanKernel,
  around: Around,
): readonly Site[] =>
  stacked.map((b, i) => {
    const { place, slices } = around.site(b);
    const own = { loop: { level: around.level, length: k.length }, words: body.buffers.get(parts[i]!)!.length };
    return { place, slices: k.length === 1 ? slices : [...slices, own] };
  });

/** The carry is copied to where the first step reads it; then the body's steps, slice after slice. */
export const renderScan = (k: ScanKernel, around: Around, render: RenderPlan): readonly Step[] => {
  const { body, length, reverse } = k;
  const { now, next, before, after, firstSlot } = carried(k.carry, length, around);
  const { inputs, outputs } = body;
  const steps = render(body, {
    ...around,
    inputs: [
      ...k.consts.map(around.site),
      ...now,
      ...slicesOf(k.xs, body, inputs.slice(k.consts.length + k.carry.length), k, around),
    ],
    outputs: [...next, ...slicesOf(k.ys, body, outputs.slice(k.carry.length), k, around)],
    level: around.level + 1,
    firstSlot,
  });
  const loop = { level: around.level, length, reverse, steps };
  return [...before, ...(length === 0 || steps.length === 0 ? [] : [loop]), ...after];
};

/** Whether the branch or the loop around runs, where that is in question. */
const running = (s: Shader, { alive }: Around): string | undefined =>
  alive === undefined ? undefined : `${s.flag(alive)} != 0u`;

/**
 * All branches are encoded; the workgroups of those not taken are none. A dispatch before them writes how many each has. It runs
 * also where the branch around it does not, so that nothing inside does.
 */
export const renderCond = (k: CondKernel, around: Around, render: RenderPlan): readonly Step[] => {
  const { slots, firstSlot, site } = around;
  const args = takeSlot(slots, firstSlot, 0);
  let word = k.branches.length;
  const gates: Gate[] = k.branches.map((_, b) => ({ owner: b, words: [1] }));
  const steps = k.branches.flatMap((branch, b) => {
    const inside = render(branch, {
      ...around,
      inputs: k.inputs.map(site),
      outputs: k.outs.map(site),
      firstSlot: firstSlot + 1,
      alive: { place: args, word: b },
    });
    const { steps: own, words } = gated(inside, args, word);
    gates.push({ owner: b, words });
    word += words.length;
    return own;
  });
  takeSlot(slots, firstSlot, word * wordBytes);
  const choose = renderGate(`${k.name}_choose`, around, args, gates, (s) => {
    s.line(`let chosen = clamp(${s.element(k.index, '0', false)}, 0, ${k.branches.length - 1});`);
    return running(s, around);
  });
  return [choose, ...steps];
};

/**
 * Rounds of condition and body, each gated by the answer of the condition, which the next round's keeps: once it is no, what
 * follows has no workgroups. The device encodes rounds in bursts and reads the flag after each.
 */
export const renderWhile = (k: WhileKernel, around: Around, render: RenderPlan): readonly Step[] => {
  const { slots, site } = around;
  const carry = carried(k.carry, 0, around);
  const args = takeSlot(slots, carry.firstSlot, 0);
  const answer = takeSlot(slots, carry.firstSlot + 1, wordBytes);
  const alive: Flag = { place: args, word: 0 };
  const count: Flag = { place: args, word: 1 };
  const inner = { ...around, level: around.level + 1, firstSlot: carry.firstSlot + 2, alive };
  const part = (plan: Plan, consts: readonly number[], outputs: readonly Site[], from: number) =>
    gated(render(plan, { ...inner, inputs: [...consts.map(site), ...carry.now], outputs }), args, from);
  const cond = part(k.cond, k.condConsts, [whole(answer)], 2);
  const body = part(k.body, k.bodyConsts, carry.next, 2 + cond.words.length);
  const gates: Gate[] = [{ owner: 0, words: [1, 0, ...cond.words, ...body.words] }];
  takeSlot(slots, carry.firstSlot, gates[0]!.words.length * wordBytes);

  const begin = renderGate(`${k.name}_begin`, around, args, gates, (s) => {
    s.line('let chosen = 0;');
    s.line(`if (p == 0) { ${s.words(answer, true)}[0] = 0u; }`);
    return running(s, around);
  });
  const go = renderGate(`${k.name}_go`, around, args, gates, (s) => {
    s.line('let chosen = 0;');
    s.line(`let going = ${s.words(answer, false)}[0];`);
    s.line(`if (p == 1) { ${s.words(args, true)}[1] += going; return; }`);
    return 'going != 0u';
  });
  const settle = renderCopies(carry.back, around, count).map((d): Dispatch => ({ ...d, gate: 'open' }));
  const rounds = { level: around.level, flag: alive, steps: [...cond.steps, go, ...body.steps] };
  return [...carry.before, begin, rounds, ...settle, ...carry.after];
};
