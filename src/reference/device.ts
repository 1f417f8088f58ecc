// The reference as a device: runs whole programs equation by equation, for comparison with compiled ones.
import { HostStorage } from '../core/host.ts';
import { applyProgram } from '../core/stage.ts';
import type { Storage } from '../core/tensor.ts';
import type { TypedArray } from '../core/dtype.ts';
import type { Backend } from '../jit/backend.ts';
import { exactData, referenceEvaluate, referenceEvaluate64 } from './evaluate.ts';

class ReferenceStorage extends HostStorage {
  override readonly device: Backend;
  constructor(device: Backend, elements: TypedArray) {
    super(elements);
    this.device = device;
  }
}

/** The plain interpreter, in declared dtypes or (`float64: true`) with every float computed in float64 inside a program. */
export const createReferenceDevice = (options: { readonly float64?: boolean } = {}): Backend => {
  const evaluate = options.float64 === true ? referenceEvaluate64 : referenceEvaluate;
  const device: Backend = {
    kind: 'reference',
    name: options.float64 === true ? 'reference (float64)' : 'reference',
    compile: (program, donated) => ({
      run: (inputs): Storage[] => {
        const outs = applyProgram(program, inputs, evaluate);
        for (const i of donated) if (!outs.includes(inputs[i]!)) inputs[i]!.storage.dispose();
        return outs.map((x) => {
          const data = exactData(x);
          const own = x.dtype === 'float32' && data instanceof Float64Array ? Float32Array.from(data) : data;
          return new ReferenceStorage(device, own);
        });
      },
    }),
    upload: (elements) => new ReferenceStorage(device, elements.slice()),
  };
  return device;
};
