// Contractions in WGSL: a tile of the result a workgroup, blocks of both operands staged through workgroup memory.
import type { ContractKernel } from '../jit/kernel.ts';
import { renderExpr, renderStore, type Names } from './expr.ts';
import { count, digits } from './points.ts';
import { createShader, spread, type Target } from './shader.ts';
import type { Dispatch } from './steps.ts';
import { literal, registerType } from './types.ts';

// A workgroup of 8 x 8 invocations, each with 4 x 4 elements of the result in registers.
const side = 8;
const each = 4;
const tile = side * each;
const depth = 16;

/**
 * One shader for every shape and layout of operands: an operand is whatever expression the schedule gives, read once for each
 * tile. Next steps, known from measurements of others: larger tiles for large results, and the common dimension split over
 * workgroups where the result has few tiles.
 */
export const renderContract = (kernel: ContractKernel, target: Target): Dispatch | undefined => {
  const [batch, m, n, k] = [count(kernel.batch), count(kernel.m), count(kernel.n), count(kernel.k)];
  if (batch * m * n === 0) return undefined;
  const s = createShader(target);
  const type = registerType(kernel.dtype);
  const vector = `vec4<${type}>`;
  const zero = literal(0, kernel.dtype, s.use);
  const [rows, columns] = [Math.ceil(m / tile), Math.ceil(n / tile)];
  const tiles = batch * rows * columns;
  const workgroups = spread(tiles, target.limits.workgroups);
  s.declare(`var<workgroup> left: array<${type}, ${tile * depth}>;`);
  s.declare(`var<workgroup> right: array<${type}, ${tile * depth}>;`);

  s.line(workgroups[1] === 1 ? 'let g = i32(group.x);' : `let g = i32(group.x + group.y * ${workgroups[0]}u);`);
  if (workgroups[0] * workgroups[1] !== tiles) s.line(`if (g >= ${tiles}) { return; }`);
  s.line('let x = i32(local.x);');
  s.line('let y = i32(local.y);');
  s.line(`let lane = y * ${side} + x;`);
  s.line(`let top = (g / ${columns}) % ${rows} * ${tile};`);
  s.line(`let start = g % ${columns} * ${tile};`);
  s.line(`let b = g / ${rows * columns};`);
  const vars = new Map<number, string>();
  const names: Names = { vars };
  digits(s, kernel.batch, 'b', vars);
  const sums = Array.from({ length: each }, (_, i) => `acc${i}`);
  for (const a of sums) s.line(`var ${a} = ${vector}();`);

  // The common dimension in blocks: each operand's block is copied by all invocations, element by element.
  const fill = (
    array: string,
    at: string,
    row: string,
    extent: number,
    common: string,
    axes: ContractKernel['m'],
    e: ContractKernel['a'],
  ): void => {
    s.open(`for (var l = lane; l < ${tile * depth}; l += ${side * side})`);
    s.line(`let q = ${row};`);
    s.line(`let kk = k0 + ${common};`);
    s.line(`var w = ${zero};`);
    s.open(`if (q < ${extent} && kk < ${k})`);
    digits(s, axes, 'q', vars);
    digits(s, kernel.k, 'kk', vars);
    s.line(`w = ${renderExpr(s, names, e)};`);
    s.close();
    s.line(`${array}[${at}] = w;`);
    s.close();
  };
  s.open(`for (var k0 = 0; k0 < ${k}; k0 += ${depth})`);
  fill('left', `l % ${depth} * ${tile} + l / ${depth}`, `top + l / ${depth}`, m, `l % ${depth}`, kernel.m, kernel.a);
  fill('right', 'l', `start + l % ${tile}`, n, `l / ${tile}`, kernel.n, kernel.b);
  s.line('workgroupBarrier();');
  // A block's products are summed by themselves, which keeps long sums accurate.
  sums.forEach((_, i) => s.line(`var part${i} = ${vector}();`));
  s.open(`for (var j = 0; j < ${depth}; j++)`);
  const of = (c: number): string => `right[j * ${tile} + ${c * side} + x]`;
  s.line(`let r = ${vector}(${[0, 1, 2, 3].map(of).join(', ')});`);
  sums.forEach((_, i) => s.line(`part${i} += left[j * ${tile} + y * ${each} + ${i}] * r;`));
  s.close();
  sums.forEach((a, i) => s.line(`${a} += part${i};`));
  s.line('workgroupBarrier();');
  s.close();

  s.line(`var result = array<${vector}, ${each}>(${sums.join(', ')});`);
  s.open(`for (var o = 0; o < ${each * each}; o++)`);
  s.line(`let row = top + y * ${each} + o / ${each};`);
  s.line(`let column = start + o % ${each} * ${side} + x;`);
  s.open(`if (row < ${m} && column < ${n})`);
  digits(s, kernel.m, 'row', vars);
  digits(s, kernel.n, 'column', vars);
  s.line(`let acc = result[o / ${each}][o % ${each}];`);
  const last: Names = { vars, acc: 'acc' };
  const values = kernel.epilogue.map((e) => renderExpr(s, last, e.value));
  kernel.epilogue.forEach((e, i) => renderStore(s, last, e.buffer, e.index, values[i]!));
  s.close();
  s.close();
  const head = `@compute @workgroup_size(${side}, ${side})\nfn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u)`;
  return s.finish(kernel.name, head, workgroups);
};
