// Attention in WGSL (Dao 2023): scores in tiles that never leave a workgroup; one kernel for the values, two for the gradients.
import type { AttentionKernel } from '../jit/kernel.ts';
import { frame } from './attention-frame.ts';
import { letters } from './attention-tile.ts';
import type { Target } from './shader.ts';
import type { Dispatch } from './steps.ts';

// The score of a pair that does not count: WGSL promises nothing about infinities.
const unseen = '-3e38f';

/** For each query the values of its keys, weighted by a softmax that is corrected as keys stream by. */
const renderForward = (k: AttentionKernel, target: Target): Dispatch => {
  const f = frame(k, target, 'queries', 1);
  const { s, z, tiling, tiles } = f;
  const [query, key, value] = k.sources as [number, number, number];
  const [out, sums] = k.targets as [number, number];
  const { rows, columns, threads } = tiling;
  const streamed = 4 * columns;
  tiles.declare('queries', 'staying');
  tiles.declare('stream', 'stream');
  tiles.declare('weights', 'pairs');
  for (const name of ['highest', 'total', 'factor']) s.declare(`var<workgroup> ${name}: array<f32, ${rows}>;`);
  tiles.fill('queries', 'staying', f.query(query, 'first', k.scale));
  s.line(`for (var i = lane; i < ${rows}; i += ${threads}) { highest[i] = ${unseen}; total[i] = 0.0f; }`);
  const sums4 = tiles.accumulators('o', z.width);
  s.open(`for (var start = 0; start < ${k.causal ? `min(${z.keys}, first + ${rows})` : z.keys}; start += ${streamed})`);
  tiles.fill('stream', 'stream', f.key(key, 'start'));
  s.line('workgroupBarrier();');
  tiles.products('s', 'queries', 'stream', z.depth);
  f.pairs('start', (r, counts) => s.line(`s${r} = select(vec4f(${unseen}), s${r}, ${counts});`));
  tiles.share('weights', 's');
  s.line('workgroupBarrier();');
  s.open(`for (var i = lane; i < ${rows}; i += ${threads})`);
  s.line('let before = highest[i];');
  s.line('var top = before;');
  s.open(`for (var q = 0; q < ${columns}; q++)`);
  s.line(`let p = weights[i * ${columns + 1} + q];`);
  s.line('top = max(top, max(max(p.x, p.y), max(p.z, p.w)));');
  s.close();
  s.line('var sum = vec4f();');
  s.open(`for (var q = 0; q < ${columns}; q++)`);
  s.line(`let p = weights[i * ${columns + 1} + q];`);
  s.line(`let e = select(exp(p - top), vec4f(), p <= vec4f(${unseen}));`);
  s.line(`weights[i * ${columns + 1} + q] = e;`);
  s.line('sum += e;');
  s.close();
  s.line('let correction = exp(before - top);');
  s.line('highest[i] = top;');
  s.line('factor[i] = correction;');
  s.line('total[i] = total[i] * correction + (sum.x + sum.y + sum.z + sum.w);');
  s.close();
  tiles.fill('stream', 'stream', f.value(value, 'start'));
  s.line('workgroupBarrier();');
  sums4.forEach((row, r) => row.forEach((name) => s.line(`${name} *= factor[rows + ${r}];`)));
  tiles.accumulate(sums4, 'weights', 'stream', z.width);
  s.line('workgroupBarrier();');
  s.close();
  for (let r = 0; r < 4; r++)
    s.line(`let share${r} = select(1.0f / total[rows + ${r}], 0.0f, total[rows + ${r}] == 0.0f);`);
  tiles.store(sums4, f.out(out, 'first'), (name, r) => `${name} * share${r}`);
  s.use('from_bits');
  s.open(`for (var i = lane; i < ${rows}; i += ${threads})`);
  s.open(`if (first + i < ${z.queries})`);
  s.line(
    `${s.element(sums, f.each('first + i'), true)} = select(highest[i] + log(total[i]), from_bits(0xff800000u), total[i] == 0.0f);`,
  );
  s.close();
  s.close();
  return f.finish(k.name);
};

/** Sources of the gradient's kernels, in the order of the routine's inputs. */
const gradientSources = (k: AttentionKernel): readonly [number, number, number, number, number, number] => {
  const [q, key, value] = k.sources;
  const [out, sums, ct] = k.sources.slice(-3);
  return [q!, key!, value!, out!, sums!, ct!];
};

/** The gradient by the queries. What the other kernel needs of each query, the product of its result and cotangent, goes to scratch memory. */
const renderQueryGradient = (k: AttentionKernel, target: Target): Dispatch => {
  const f = frame(k, target, 'queries', 2);
  const { s, z, tiling, tiles } = f;
  const [query, key, value, out, sums, ct] = gradientSources(k);
  const { rows, columns, threads } = tiling;
  tiles.declare('queries', 'staying');
  tiles.declare('cotangents', 'staying');
  tiles.declare('stream', 'stream');
  tiles.declare('weights', 'pairs');
  for (const name of ['sums', 'shares']) s.declare(`var<workgroup> ${name}: array<f32, ${rows}>;`);
  const scratch = s.scratch(z.batch * z.heads * z.queries);
  tiles.fill('queries', 'staying', f.query(query, 'first', k.scale));
  tiles.fill('cotangents', 'staying', f.out(ct, 'first'));
  s.line('workgroupBarrier();');
  s.open(`for (var i = lane; i < ${rows}; i += ${threads})`);
  s.open(`if (first + i < ${z.queries})`);
  const own = f.out(out, 'first');
  s.line(`let at = ${own.row('(first + i)')};`);
  s.line('var share = 0.0f;');
  s.open(`for (var e = 0; e < ${z.width}; e++)`);
  s.line(`share += cotangents[i * ${tiling.pitch} + e / 4][e % 4] * ${s.element(out, 'at + e', false)};`);
  s.close();
  s.line('shares[i] = share;');
  s.line(`sums[i] = ${s.element(sums, f.each('first + i'), false)};`);
  s.line(`${scratch}[${f.each('first + i')}] = bitcast<u32>(share);`);
  s.close();
  s.close();
  const found = tiles.accumulators('o', z.depth);
  s.open(
    `for (var start = 0; start < ${k.causal ? `min(${z.keys}, first + ${rows})` : z.keys}; start += ${4 * columns})`,
  );
  tiles.fill('stream', 'stream', f.value(value, 'start'));
  s.line('workgroupBarrier();');
  tiles.products('d', 'cotangents', 'stream', z.width);
  s.line('workgroupBarrier();');
  tiles.fill('stream', 'stream', f.key(key, 'start'));
  s.line('workgroupBarrier();');
  tiles.products('s', 'queries', 'stream', z.depth);
  f.pairs('start', (r, counts) => {
    s.line(`let t = exp(s${r} - sums[rows + ${r}]) * (d${r} - shares[rows + ${r}]);`);
    s.line(`s${r} = select(vec4f(), t, ${counts});`);
  });
  tiles.share('weights', 's');
  s.line('workgroupBarrier();');
  tiles.accumulate(found, 'weights', 'stream', z.depth);
  s.line('workgroupBarrier();');
  s.close();
  tiles.store(found, f.query(k.targets[0]!, 'first'), (name) => `${name} * ${k.scale}f`);
  return f.finish(`${k.name}_query`);
};

/** The gradients by keys and values: each key meets the queries of every head that it serves, in order. */
const renderKeyGradient = (k: AttentionKernel, target: Target): Dispatch => {
  const f = frame(k, target, 'keys', 2);
  const { s, z, tiling, tiles } = f;
  const [query, key, value, , sums, ct] = gradientSources(k);
  const { columns, threads } = tiling;
  const streamed = 4 * columns;
  tiles.declare('keys', 'staying');
  tiles.declare('values', 'staying');
  tiles.declare('stream', 'stream');
  tiles.declare('weights', 'pairs');
  for (const name of ['sums', 'shares']) s.declare(`var<workgroup> ${name}: array<f32, ${streamed}>;`);
  const scratch = s.scratch(z.batch * z.heads * z.queries);
  tiles.fill('keys', 'staying', f.key(key, 'first'));
  tiles.fill('values', 'staying', f.value(value, 'first'));
  const byKey = tiles.accumulators('ak', z.depth);
  const byValue = tiles.accumulators('av', z.width);
  const each = z.heads / z.groups;
  s.open(`for (var member = 0; member < ${each}; member++)`);
  s.line(`let head = keyHead * ${each} + member;`);
  s.open(
    `for (var start = ${k.causal ? `first / ${streamed} * ${streamed}` : '0'}; start < ${z.queries}; start += ${streamed})`,
  );
  tiles.fill('stream', 'stream', f.query(query, 'start', k.scale));
  s.open(`for (var i = lane; i < ${streamed}; i += ${threads})`);
  s.open(`if (start + i < ${z.queries})`);
  s.line(`sums[i] = ${s.element(sums, f.each('start + i'), false)};`);
  s.line(`shares[i] = bitcast<f32>(${scratch}[${f.each('start + i')}]);`);
  s.close();
  s.close();
  s.line('workgroupBarrier();');
  tiles.products('s', 'keys', 'stream', z.depth);
  s.line('workgroupBarrier();');
  tiles.fill('stream', 'stream', f.out(ct, 'start'));
  s.line('workgroupBarrier();');
  tiles.products('d', 'values', 'stream', z.width);
  for (const name of ['sums', 'shares'])
    s.line(`let own_${name} = vec4f(${letters.map((_, c) => `${name}[column * 4 + ${c}]`).join(', ')});`);
  f.pairs('start', (r, counts) => {
    s.line(`let w = select(vec4f(), exp(s${r} - own_sums), ${counts});`);
    s.line(`s${r} = w;`);
    s.line(`d${r} = select(vec4f(), w * (d${r} - own_shares), ${counts});`);
  });
  tiles.share('weights', 's');
  s.line('workgroupBarrier();');
  tiles.accumulate(byValue, 'weights', 'stream', z.width);
  s.line('workgroupBarrier();');
  tiles.share('weights', 'd');
  tiles.fill('stream', 'stream', f.query(query, 'start', k.scale));
  s.line('workgroupBarrier();');
  tiles.accumulate(byKey, 'weights', 'stream', z.depth);
  s.line('workgroupBarrier();');
  s.close();
  s.close();
  tiles.store(byKey, f.key(k.targets[1]!, 'first'), (name) => name);
  tiles.store(byValue, f.value(k.targets[2]!, 'first'), (name) => name);
  return f.finish(`${k.name}_key`);
};

export const renderAttention = (k: AttentionKernel, target: Target): readonly Dispatch[] =>
  k.kind === 'attention' ? [renderForward(k, target)] : [renderQueryGradient(k, target), renderKeyGradient(k, target)];
