// The tensor: an immutable value with shape and dtype, concrete (it has storage) or traced (a transform made it).
import { sizeOf, type Aval, type Shape } from './aval.ts';
import type { DType, TypedArray } from './dtype.ts';
import { DeviceError, ShapeError, TracerError } from './errors.ts';
import type { ElementsOf } from './types/dtype.ts';
import type { FluentMethods, OtherMethods } from './types/methods.ts';
import type { Gradual } from './types/shape.ts';

/** Bytes of a value on a device: a run of `length` elements at `offset` in a buffer of the device's own. */
export interface Storage {
  readonly device: Device;
  /** It goes to whichever device needs it: the result of constants alone (a range, an identity matrix), or a copy of what was on none. */
  roaming?: 'result' | 'copy' | undefined;
  /** A copy of the elements. */
  read(): Promise<TypedArray>;
  readSync(): TypedArray;
  /** On devices whose values can be pending: resolves when the value was computed, rejects where that failed. */
  ready?(): Promise<void>;
  /** Gives the bytes back at once; later reads are errors. */
  dispose(): void;
}

/** Where values live and programs run. */
export interface Device {
  readonly kind: 'host' | 'reference' | 'wasm' | 'webgpu';
  readonly name: string;
}

/** How nested JS arrays of a tensor's elements are typed. */
export type Nested = number | boolean | readonly Nested[];
export type ElementOf<D extends DType> = D extends 'bool' ? boolean : number;

const noCoercion = (x: Tensor, hint: string): never => {
  const what = `a tensor of shape [${x.shape.join(', ')}] and dtype ${x.dtype}`;
  throw new TracerError(
    'Tensor',
    hint === 'string'
      ? `${what} cannot become a string here`
      : `${what} was used with a JS operator (+, -, *, <, == ...), which cannot compute with tensors; use add(x, y), less(x, y), equal(x, y) and so on, or await x.item() for a JS number`,
  );
};

export abstract class Tensor<S extends Shape = Shape, D extends DType = DType> implements Aval {
  abstract readonly shape: Gradual<S>;
  abstract readonly dtype: Gradual<D>;
  abstract readonly weak: boolean;

  get rank(): number {
    return this.shape.length;
  }
  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** A copy of the elements in row-major order, when they are ready. Inside a transform this is a TracerError. */
  abstract data(): Promise<ElementsOf<D>>;
  /** The same at once, on devices that can (the CPU). */
  abstract dataSync(): ElementsOf<D>;

  /** The elements as nested JS arrays (bools as true/false; a scalar is a number). */
  async array(): Promise<Nested> {
    return nest(await this.data(), this.shape, this.dtype);
  }
  arraySync(): Nested {
    return nest(valuesNow('arraySync', this, 'use await x.array()'), this.shape, this.dtype);
  }

  /** The only element of a tensor of size 1 as a JS number (bool: boolean). */
  async item(): Promise<ElementOf<D>> {
    return single('item', this, await this.data());
  }
  itemSync(): ElementOf<D> {
    return single('itemSync', this, valuesNow('itemSync', this, 'use await x.item()'));
  }

  /** Resolves when the value has been computed. */
  async ready(): Promise<this> {
    return Promise.resolve(this);
  }
  /** Frees the bytes now instead of when the collector finds out; optional. */
  dispose(): void {}
  [Symbol.dispose](): void {
    this.dispose();
  }

  [Symbol.toPrimitive](hint: string): string {
    return hint === 'string' ? this.toString() : noCoercion(this, hint);
  }
  abstract toString(): string;
  toJSON(): never {
    throw new TracerError('Tensor', 'a tensor has no JSON form; use await x.array(), or cotangent/io to save it');
  }
  *[Symbol.iterator](): Generator<never> {
    throw new TracerError('Tensor', 'a tensor is not iterable; use unstack(x), or await x.array()');
  }
}

// The entry point puts the methods on the class; declared here, they are known wherever tensors are.
// eslint-disable-next-line @typescript-eslint/no-unused-vars
export interface Tensor<S extends Shape = Shape, D extends DType = DType> extends FluentMethods, OtherMethods {}

// Older engines lack Symbol.dispose; the method must not become one named "undefined".
if (typeof Symbol.dispose !== 'symbol') {
  Object.defineProperty(Symbol, 'dispose', { value: Symbol.for('Symbol.dispose'), configurable: true });
  Object.defineProperty(Tensor.prototype, Symbol.dispose, {
    value(this: Tensor) {
      this.dispose();
    },
  });
}

// How Node's console.log shows a tensor.
Object.defineProperty(Tensor.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: Tensor) {
    return this.toString();
  },
});

const element = (v: number, d: DType): number | boolean => (d === 'bool' ? v !== 0 : v);

const nest = (data: TypedArray, shape: Shape, dtype: DType): Nested => {
  const level = (axis: number, at: number): Nested => {
    if (axis === shape.length) return element(data[at]!, dtype);
    const n = shape[axis]!;
    const step = sizeOf(shape.slice(axis + 1));
    return Array.from({ length: n }, (_, i) => level(axis + 1, at + i * step));
  };
  return level(0, 0);
};

const single = <D extends DType>(op: string, x: Tensor<Shape, D>, data: TypedArray): ElementOf<D> => {
  if (data.length !== 1)
    throw new ShapeError(
      op,
      `needs a tensor with one element, got shape [${x.shape.join(', ')}]; use await x.array() or x.data()`,
    );
  return element(data[0]!, x.dtype) as ElementOf<D>;
};

/** A tensor that has bytes somewhere, or will have them. */
export class ConcreteTensor extends Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly weak: boolean;
  #storage: Storage | null;
  #gone: string | (() => string) | undefined;

  constructor(shape: Shape, dtype: DType, storage: Storage, weak = false) {
    super();
    this.shape = shape;
    this.dtype = dtype;
    this.weak = weak;
    this.#storage = storage;
  }

  get storage(): Storage {
    if (this.#storage === null)
      throw new DeviceError('Tensor', `this value of shape [${this.shape.join(', ')}] is gone: ${this.#why()}`);
    return this.#storage;
  }
  #why(): string {
    return typeof this.#gone === 'function' ? this.#gone() : (this.#gone ?? 'it was disposed');
  }
  /** False once the value was disposed or donated. */
  get alive(): boolean {
    return this.#storage !== null;
  }
  /** Replaces the storage by an equal one elsewhere (an upload on first use). */
  relocate(storage: Storage): void {
    this.#storage = storage;
  }
  /** Takes the storage away without freeing it; `why` is what a later use is told. */
  surrender(why: string | (() => string)): void {
    this.#storage = null;
    this.#gone = why;
  }

  override async data(): Promise<TypedArray> {
    return this.storage.read();
  }
  override dataSync(): TypedArray {
    return this.storage.readSync();
  }
  override async ready(): Promise<this> {
    await this.storage.ready?.();
    return this;
  }
  override dispose(): void {
    this.#storage?.dispose();
    this.#storage = null;
    this.#gone ??= 'it was disposed';
  }
  override toString(): string {
    if (this.#storage === null) return `Tensor ${this.dtype}[${this.shape.join(',')}] (gone: ${this.#why()})`;
    try {
      return show(this, this.dataSync());
    } catch {
      return `Tensor ${this.dtype}[${this.shape.join(',')}] on ${this.#storage.device.name}`;
    }
  }
}

/** Refuses a value on a GPU, for an operation that needs elements at once; `fix`: what to do. */
export const checkReadable = (op: string, x: Tensor, fix: string): void => {
  if (x instanceof ConcreteTensor && x.storage.device.kind === 'webgpu')
    throw new DeviceError(op, `needs values at once, and these are on ${x.storage.device.name}; ${fix}`);
};
/** The elements of a value at once, likewise. */
export const valuesNow = (op: string, x: Tensor, fix: string): TypedArray => {
  checkReadable(op, x, fix);
  return x.dataSync();
};

/** A value that exists only while a transform runs a function; `maker` is the interpreter that made it. */
export abstract class Tracer extends Tensor {
  abstract readonly maker: object;
  abstract readonly kind: string;
  #refuse(op: string): never {
    throw new TracerError(
      op,
      `the value is traced by ${this.kind} (shape [${this.shape.join(', ')}], dtype ${this.dtype}) and has no elements yet; return it from the transformed function and read the result, or use where/select instead of branching on it`,
    );
  }
  override data(): Promise<never> {
    return this.#refuse('data');
  }
  override dataSync(): never {
    return this.#refuse('dataSync');
  }
  override toString(): string {
    return `Traced<${this.kind}> ${this.weak ? '~' : ''}${this.dtype}[${this.shape.join(',')}]`;
  }
}

const formatNumber = (v: number, d: DType): string => {
  if (d === 'bool') return v !== 0 ? 'true' : 'false';
  if (d === 'int32' || d === 'uint32' || !Number.isFinite(v)) return String(v);
  return String(Number(v.toPrecision(d === 'float64' ? 8 : 6)));
};

const show = (x: Tensor, data: TypedArray): string => {
  const head = `${x.dtype}[${x.shape.join(',')}]`;
  const { shape } = x;
  if (shape.length === 0) return `Tensor ${head} ${formatNumber(data[0]!, x.dtype)}`;
  const edge = data.length > 1000 ? 3 : Infinity;
  const picks = (n: number): (number | null)[] =>
    n <= 2 * edge
      ? Array.from({ length: n }, (_, i) => i)
      : [...Array.from({ length: 3 }, (_, i) => i), null, n - 3, n - 2, n - 1];
  const level = (axis: number, at: number, indent: string): string => {
    if (axis === shape.length) return formatNumber(data[at]!, x.dtype);
    const step = sizeOf(shape.slice(axis + 1));
    const parts = picks(shape[axis]!).map((i) => (i === null ? '...' : level(axis + 1, at + i * step, `${indent} `)));
    return `[${parts.join(axis === shape.length - 1 ? ', ' : `,\n${indent} `)}]`;
  };
  const body = level(0, 0, '');
  return `Tensor ${head}${body.includes('\n') ? '\n' : ' '}${body}`;
};
