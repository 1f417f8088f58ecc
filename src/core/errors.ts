// Errors: every one names the operation, the rule that was broken, the fix, and the user's own line.

// Two levels up from src/core/errors.ts; in the published bundle every file of ours stands in dist/.
const here: string = import.meta.url;
const ownFolder: string = here.includes('/src/core/')
  ? here.slice(0, here.indexOf('/src/core/') + 5)
  : here.slice(0, here.lastIndexOf('/') + 1);
const ownPath: string = ownFolder.replace(/^file:\/\//, '');

/** The first stack frame outside this library, as `file:line:column`, or undefined where the engine tells none. */
export const userFrame = (stack: string | undefined = captureStack()): string | undefined => {
  if (stack === undefined) return undefined;
  for (const line of stack.split('\n')) {
    const at = /(?:\(|at |@)((?:file:\/\/|https?:\/\/|\/|[A-Za-z]:\\)[^()\s]*:\d+:\d+)\)?$/.exec(line.trim());
    const where = at?.[1];
    if (where === undefined || where.startsWith(ownFolder) || where.startsWith(ownPath)) continue;
    if (where.includes('node:internal')) continue;
    return where;
  }
  return undefined;
};

/** Where the current call came from, remembered cheaply: engines format a stack only when it is read. */
export const rememberFrame = (): (() => string | undefined) => {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 24;
  const at = new Error();
  Error.stackTraceLimit = limit;
  return () => userFrame(at.stack);
};

const captureStack = (): string | undefined => {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 40;
  const { stack } = new Error();
  Error.stackTraceLimit = limit;
  return stack;
};

/** The base of every error this library throws. `op` is the operation as the user called it. */
export class CotangentError extends Error {
  readonly op: string;
  readonly frame: string | undefined;
  constructor(op: string, message: string, options?: ErrorOptions) {
    const frame = userFrame();
    super(`${op}: ${message}${frame === undefined ? '' : `\n    at ${frame}`}`, options);
    this.op = op;
    this.frame = frame;
    this.name = new.target.name;
  }
}

/** Shapes that do not fit an operation's rule. */
export class ShapeError extends CotangentError {
  override name = 'ShapeError';
}
/** A dtype an operation does not take. */
export class DTypeError extends CotangentError {
  override name = 'DTypeError';
}
/** A bad argument that is neither a shape nor a dtype: an axis, an index, an option. */
export class ArgumentError extends CotangentError {
  override name = 'ArgumentError';
}
/** A traced value used where only a concrete one can be, or outside of its transform. */
export class TracerError extends CotangentError {
  override name = 'TracerError';
}
/** Trees whose structures do not match. */
export class TreeError extends CotangentError {
  override name = 'TreeError';
}
/** Devices, buffers, donation. */
export class DeviceError extends CotangentError {
  override name = 'DeviceError';
}
