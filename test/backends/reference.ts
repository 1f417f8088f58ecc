// The reference interpreter as the device of a computation: the oracle of the cases.
import { devices } from '../../src/index.ts';
import { defaultBackend, setDefaultBackend } from '../../src/jit/backend.ts';

const reference = devices.reference();

/** Runs `f` with everything in it computed by the reference interpreter, in the declared dtypes. */
export const onReference = <A>(f: () => A): A => {
  const saved = defaultBackend();
  setDefaultBackend(reference);
  try {
    return f();
  } finally {
    setDefaultBackend(saved);
  }
};
