// Contractions in WGSL: a tile of the result a workgroup, blocks of both operands staged through workgroup memory.
import type { ContractKernel } from '../jit/kernel.ts';
import { renderExpr, renderStore, type Names } from './expr.ts';
import { count, digits } from './points.ts';
import { createShader, spread, type Dispatch, type Target } from './shader.ts';
import { literal, registerType } from './types.ts';

const tile = 16;

/**
 * One invocation an element of the result. The next steps are known: several elements an invocation in registers, and
 * the common dimension split over workgroups where the result has few tiles.
 */
export const renderContract = (kernel: ContractKernel, target: Target): Dispatch | undefined => {
  const [batch, m, n, k] = [count(kernel.batch), count(kernel.m), count(kernel.n), count(kernel.k)];
  if (batch * m * n === 0) return undefined;
  const s = createShader(target);
  const type = registerType(kernel.dtype);
  const zero = literal(0, kernel.dtype, s.use);
  const [rows, columns] = [Math.ceil(m / tile), Math.ceil(n / tile)];
  const workgroups = spread(batch * rows * columns, target.maxWorkgroups);
  s.declare(`var<workgroup> left: array<${type}, ${tile * tile}>;`);
  s.declare(`var<workgroup> right: array<${type}, ${tile * tile}>;`);

  s.line(workgroups[1] === 1 ? 'let g = i32(group.x);' : `let g = i32(group.x + group.y * ${workgroups[0]}u);`);
  s.line(`if (g >= ${batch * rows * columns}) { return; }`);
  s.line('let x = i32(local.x);');
  s.line('let y = i32(local.y);');
  s.line(`let row = ((g / ${columns}) % ${rows}) * ${tile} + y;`);
  s.line(`let column = (g % ${columns}) * ${tile} + x;`);
  const vars = new Map<number, string>();
  s.line(`let b = g / ${rows * columns};`);
  digits(s, kernel.batch, 'b', vars);
  const names: Names = { vars };
  digits(s, kernel.m, 'row', vars);
  digits(s, kernel.n, 'column', vars);

  const inner = (position: string): void => digits(s, kernel.k, position, vars);
  s.line(`var acc: ${type} = ${zero};`);
  s.open(`for (var k0 = 0; k0 < ${k}; k0 += ${tile})`);
  s.line(`var a = ${zero};`);
  s.open(`if (row < ${m} && k0 + x < ${k})`);
  s.line('let ka = k0 + x;');
  inner('ka');
  s.line(`a = ${renderExpr(s, names, kernel.a)};`);
  s.close();
  s.line(`left[y * ${tile} + x] = a;`);
  s.line(`var c = ${zero};`);
  s.open(`if (column < ${n} && k0 + y < ${k})`);
  s.line('let kb = k0 + y;');
  inner('kb');
  s.line(`c = ${renderExpr(s, names, kernel.b)};`);
  s.close();
  s.line(`right[y * ${tile} + x] = c;`);
  s.line('workgroupBarrier();');
  // A block's products are summed by themselves, which keeps long sums accurate.
  s.line(`var part: ${type} = ${zero};`);
  s.line(`for (var j = 0; j < ${tile}; j++) { part += left[y * ${tile} + j] * right[j * ${tile} + x]; }`);
  s.line('acc += part;');
  s.line('workgroupBarrier();');
  s.close();

  s.open(`if (row < ${m} && column < ${n})`);
  const last: Names = { vars, acc: 'acc' };
  const values = kernel.epilogue.map((e) => renderExpr(s, last, e.value));
  kernel.epilogue.forEach((e, i) => renderStore(s, last, e.buffer, e.index, values[i]!));
  s.close();
  const head = `@compute @workgroup_size(${tile}, ${tile})\nfn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u)`;
  return s.finish(kernel.name, head, workgroups);
};
