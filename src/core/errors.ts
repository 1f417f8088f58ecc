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
    // What runs between the user and us.
    if (where.includes('node:internal') || where.includes('/fp-ts/')) continue;
    return where;
  }
  return undefined;
};

let depth = 24;
/** Runs f with frames looked for deeper in the stack, below transforms of transforms. */
export const rememberMore = <A>(f: () => A): A => {
  const saved = depth;
  depth = 200;
  try {
    return f();
  } finally {
    depth = saved;
  }
};

/** Where the current call came from, remembered cheaply: engines format a stack only when it is read. */
export const rememberFrame = (): (() => string | undefined) => {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = depth;
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

/** What is known of an operand or result of an operation that went wrong. */
export interface ValueSummary {
  readonly shape: readonly number[];
  readonly dtype: string;
  /** Over the finite elements; undefined where there are none. */
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly nans: number;
  readonly infinities: number;
}

/** A computation whose result is not finite: what made it so. */
export class NonFiniteError extends CotangentError {
  override name = 'NonFiniteError';
  /** The operation that made the first NaN or infinity; undefined where it was among the arguments. */
  readonly operation: string | undefined;
  readonly phase: 'forward' | 'backward';
  /** The user's line that asked for the operation. */
  readonly line: string | undefined;
  /** The loops around it, from the outside in, and the step of each. */
  readonly steps: readonly { readonly loop: string; readonly step: number }[];
  readonly operands: readonly ValueSummary[];
  readonly results: readonly ValueSummary[];
  constructor(
    op: string,
    message: string,
    found: Pick<NonFiniteError, 'operation' | 'phase' | 'line' | 'steps' | 'operands' | 'results'>,
  ) {
    super(op, message);
    this.operation = found.operation;
    this.phase = found.phase;
    this.line = found.line;
    this.steps = found.steps;
    this.operands = found.operands;
    this.results = found.results;
  }
}
