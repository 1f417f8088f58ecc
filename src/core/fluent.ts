// Fluent methods: every operation of the method list, with the tensor itself as its first argument.
import * as methods from './method-list.ts';
import { Tensor } from './tensor.ts';

/** Puts the methods on the class. The entry point does this once. */
export const installMethods = (): void => {
  for (const [name, f] of Object.entries(methods) as [string, (...args: unknown[]) => unknown][])
    Object.defineProperty(Tensor.prototype, name, {
      configurable: true,
      value(this: Tensor, ...rest: unknown[]) {
        return f(this, ...rest);
      },
    });
};
