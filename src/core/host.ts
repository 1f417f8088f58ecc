// Host storage: values as the user gave them, in JS memory, on no device until the first use.
import { sizeOf, type Shape } from './aval.ts';
import { dtypeOfArray, hostArray, type DType, type TypedArray } from './dtype.ts';
import { ArgumentError, ShapeError } from './errors.ts';
import { ConcreteTensor, type Device, type Nested, type Storage, type Tensor } from './tensor.ts';

export const hostDevice: Device = { kind: 'host', name: 'host' };

/** Elements in a typed array of our own; nobody else may write to it. */
export class HostStorage implements Storage {
  readonly device: Device = hostDevice;
  readonly #elements: TypedArray;
  constructor(elements: TypedArray) {
    this.#elements = elements;
  }
  get elements(): TypedArray {
    return this.#elements;
  }
  async read(): Promise<TypedArray> {
    return Promise.resolve(this.elements.slice());
  }
  readSync(): TypedArray {
    return this.elements.slice();
  }
  dispose(): void {
    // The engine collects it.
  }
}

/** One value, repeated: the elements exist only if somebody asks for them. On no device, so it fits any. */
export class FillStorage extends HostStorage {
  readonly length: number;
  #all: TypedArray | undefined;
  constructor(value: number, dtype: DType, length: number) {
    const one = hostArray(dtype, 1);
    one[0] = value;
    super(one);
    this.length = length;
  }
  /** The value as the only element of an array. */
  get one(): TypedArray {
    return super.elements;
  }
  override get elements(): TypedArray {
    if (this.length === 1) return this.one;
    if (this.#all === undefined) {
      this.#all = new (this.one.constructor as Float32ArrayConstructor)(this.length);
      this.#all.fill(this.one[0]!);
    }
    return this.#all;
  }
}

/** A tensor over elements that nobody else will write to: no copy, no check. */
export const hostTensor = (elements: TypedArray, shape: Shape, dtype: DType, weak = false): Tensor =>
  new ConcreteTensor(shape, dtype, new HostStorage(elements), weak);

/** Checked copy of a typed array into a tensor of a shape; values are converted to `dtype`. */
export const copyIn = (op: string, data: TypedArray, shape: Shape, dtype: DType = dtypeOfArray(data)): Tensor => {
  if (data.length !== sizeOf(shape))
    throw new ShapeError(
      op,
      `${data.length} elements do not fill shape [${shape.join(', ')}], which holds ${sizeOf(shape)}`,
    );
  const copy = hostArray(dtype, data.length);
  if (dtype === 'bool') for (let i = 0; i < data.length; i++) copy[i] = data[i] !== 0 ? 1 : 0;
  else copy.set(data);
  return hostTensor(copy, shape, dtype);
};

/** Shape of nested arrays; a ragged one is an error that names the place. */
export const nestedShape = (op: string, x: Nested): number[] => {
  const shape: number[] = [];
  for (let level: Nested = x; Array.isArray(level); level = level[0] as Nested) {
    shape.push(level.length);
    if (level.length === 0) break;
  }
  const walk = (v: Nested, axis: number, path: string): void => {
    if (axis === shape.length) {
      if (Array.isArray(v))
        throw new ArgumentError(op, `ragged array: element x${path} is an array where a number was expected`);
      if (typeof v !== 'number' && typeof v !== 'boolean')
        throw new ArgumentError(
          op,
          `element x${path} is ${v === null ? 'null' : `a ${typeof v}`}; use numbers or booleans`,
        );
      return;
    }
    if (!Array.isArray(v))
      throw new ArgumentError(
        op,
        `ragged array: element x${path} is a ${typeof v} where an array of ${shape[axis]} was expected`,
      );
    const list = v as readonly Nested[];
    if (list.length !== shape[axis])
      throw new ShapeError(
        op,
        `ragged array: x${path} has ${list.length} elements where others on this axis have ${shape[axis]}`,
      );
    list.forEach((e, i) => walk(e, axis + 1, `${path}[${i}]`));
  };
  walk(x, 0, '');
  return shape;
};
