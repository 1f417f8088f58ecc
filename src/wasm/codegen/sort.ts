// Sorts: keys of each run as integers in the wanted order, a bottom-up merge sort of (key, position), then every source gathered by position.
import { byteSize, type DType } from '../../core/dtype.ts';
import type { SortKernel } from '../../jit/kernel.ts';
import type { Emitter, ValueType } from '../encode.ts';
import { LOOP_PARAMS } from './loop.ts';
import type { Step, Unit } from './unit.ts';

// Loads the element at the address on the stack as an integer that orders alike: NaN last, zeros equal.
const keyOf = (f: Emitter, d: DType, descending: boolean): void => {
  switch (d) {
    case 'bool':
      f.mem('i32.load8_u');
      break;
    case 'int32':
      f.mem('i32.load');
      break;
    case 'uint32':
      f.mem('i32.load').i32(-2147483648).op('i32.xor');
      break;
    case 'float32': {
      const x = f.local('f32');
      const bits = f.local('i32');
      f.mem('f32.load').f32(0).op('f32.add').tee(x).op('i32.reinterpret_f32').tee(bits);
      f.get(bits).i32(31).op('i32.shr_s').i32(0x7fffffff).op('i32.and').op('i32.xor');
      if (descending) f.i32(-1).op('i32.xor');
      f.i32(0x7fffffff).get(x).get(x).op('f32.eq').op('select');
      return;
    }
    case 'float64': {
      const x = f.local('f64');
      const bits = f.local('i64');
      f.mem('f64.load').f64(0).op('f64.add').tee(x).op('i64.reinterpret_f64').tee(bits);
      f.get(bits).i64(63n).op('i64.shr_s').i64(0x7fffffffffffffffn).op('i64.and').op('i64.xor');
      if (descending) f.i64(-1n).op('i64.xor');
      f.i64(0x7fffffffffffffffn).get(x).get(x).op('f64.eq').op('select');
      return;
    }
  }
  if (descending) f.i32(-1).op('i32.xor');
};

export const sortSteps = (u: Unit, k: SortKernel): readonly Step[] => {
  const { length, inner, outer, sources, targets, dtypes } = k;
  if (outer * length * inner === 0) return [];
  const wide = dtypes[0] === 'float64';
  const keyBytes = wide ? 8 : 4;
  const keyType: ValueType = wide ? 'i64' : 'i32';
  const keyLoad = wide ? 'i64.load' : 'i32.load';
  const keyStore = wide ? 'i64.store' : 'i32.store';
  const area = Math.ceil((length * keyBytes) / 16) * 16;
  const buffers = [...sources, ...targets];

  const params = new Array<ValueType>(LOOP_PARAMS + buffers.length).fill('i32');
  const func = u.m.func(k.name, params, [], (f) => {
    const i32 = (): number => f.local('i32');
    const [run, i, start] = [i32(), i32(), i32()];
    const [keys, keys2, order, order2, swap] = [i32(), i32(), i32(), i32(), i32()];
    const [width, lo, mid, hi, left, right, out, which] = [i32(), i32(), i32(), i32(), i32(), i32(), i32(), i32()];
    const [x, y] = [f.local(keyType), f.local(keyType)];
    const at = (base: number, index: number, bytes: number): Emitter =>
      f.get(base).get(index).i32(Math.log2(bytes)).op('i32.shl').op('i32.add');
    // Element (run, i) of a source or target.
    const element = (buffer: number, index: () => void, bytes: number): void => {
      f.get(LOOP_PARAMS + buffer).get(start);
      index();
      f.i32(inner).op('i32.mul').op('i32.add').i32(bytes).op('i32.mul').op('i32.add');
    };
    const least = (local: number, value: () => void): void => {
      value();
      f.tee(local).i32(length);
      value();
      f.i32(length).op('i32.lt_s').op('select').set(local);
    };

    f.for(
      run,
      () => f.get(0),
      () => f.get(1),
      1,
      () => {
        f.get(run)
          .i32(inner)
          .op('i32.div_u')
          .i32(length * inner)
          .op('i32.mul')
          .get(run)
          .i32(inner)
          .op('i32.rem_u')
          .op('i32.add')
          .set(start);
        f.assign(keys, () => f.get(2)).assign(keys2, () => f.get(2).i32(area).op('i32.add'));
        f.assign(order, () =>
          f
            .get(2)
            .i32(2 * area)
            .op('i32.add'),
        ).assign(order2, () =>
          f
            .get(2)
            .i32(3 * area)
            .op('i32.add'),
        );
        f.for(i, 0, length, 1, () => {
          at(keys, i, keyBytes);
          element(0, () => f.get(i), byteSize(dtypes[0]!));
          keyOf(f, dtypes[0]!, k.descending);
          f.mem(keyStore);
          at(order, i, 4).get(i).mem('i32.store');
        });
        f.assign(width, 1);
        f.block((sorted) =>
          f.loop((next) => {
            f.get(width).i32(length).op('i32.ge_s').brIf(sorted);
            f.assign(lo, 0);
            f.loop((pair) => {
              least(mid, () => f.get(lo).get(width).op('i32.add'));
              least(hi, () => f.get(lo).get(width).i32(1).op('i32.shl').op('i32.add'));
              f.assign(left, () => f.get(lo)).assign(right, () => f.get(mid));
              f.for(
                out,
                () => f.get(lo),
                () => f.get(hi),
                1,
                () => {
                  // Left unless it is used up, or the right one is really smaller.
                  f.get(right)
                    .get(hi)
                    .op('i32.ge_s')
                    .if(
                      () => f.assign(which, 1),
                      () =>
                        f
                          .get(left)
                          .get(mid)
                          .op('i32.ge_s')
                          .if(
                            () => f.assign(which, 0),
                            () => {
                              at(keys, left, keyBytes).mem(keyLoad).set(x);
                              at(keys, right, keyBytes).mem(keyLoad).set(y);
                              f.get(x)
                                .get(y)
                                .op(wide ? 'i64.le_s' : 'i32.le_s')
                                .set(which);
                            },
                          ),
                    );
                  f.get(left).get(right).get(which).op('select').set(i);
                  at(keys2, out, keyBytes);
                  at(keys, i, keyBytes).mem(keyLoad).mem(keyStore);
                  at(order2, out, 4);
                  at(order, i, 4).mem('i32.load').mem('i32.store');
                  f.get(left).get(which).op('i32.add').set(left);
                  f.get(right).i32(1).get(which).op('i32.sub').op('i32.add').set(right);
                },
              );
              f.get(hi).tee(lo).i32(length).op('i32.lt_s').brIf(pair);
            });
            f.get(keys).set(swap);
            f.get(keys2).set(keys);
            f.get(swap).set(keys2);
            f.get(order).set(swap);
            f.get(order2).set(order);
            f.get(swap).set(order2);
            f.get(width).i32(1).op('i32.shl').set(width);
            f.br(next);
          }),
        );
        f.for(i, 0, length, 1, () => {
          at(order, i, 4).mem('i32.load').set(left);
          sources.forEach((_, s) => {
            const bytes = byteSize(dtypes[s]!);
            element(sources.length + s, () => f.get(i), bytes);
            element(s, () => f.get(left), bytes);
            if (bytes === 8) f.mem('i64.load').mem('i64.store');
            else if (bytes === 4) f.mem('i32.load').mem('i32.store');
            else f.mem('i32.load8_u').mem('i32.store8');
          });
        });
      },
    );
  });
  const cost = length * Math.max(1, Math.log2(length)) * 12;
  const runs = outer * inner;
  return [
    { func, buffers, extent: runs, grain: Math.max(1, Math.min(runs, Math.floor(1e6 / cost))), scratchBytes: 4 * area },
  ];
};
