// Another device as the default one for a while; the reference interpreter is the oracle of the cases.
import { devices } from '../../src/index.ts';
import { defaultBackend, setDefaultBackend, type Backend } from '../../src/jit/backend.ts';

/** Runs `f` with everything in it computed by a device. */
export const onDevice = <A>(device: Backend, f: () => A): A => {
  const saved = defaultBackend();
  setDefaultBackend(device);
  try {
    return f();
  } finally {
    setDefaultBackend(saved);
  }
};

const reference = devices.reference();

/** Runs `f` with everything in it computed by the reference interpreter, in the declared dtypes. */
export const onReference = <A>(f: () => A): A => onDevice(reference, f);
