// The one error that reading and writing outside data can give: what is wrong, where, and what to do about it.
import { either as E } from 'fp-ts';

/** The parts of an `IoError`, as plain data. */
export interface IoProblem {
  /** What was being read or written: `safetensors`, `IDX`, `CSV`, `file`, ... */
  readonly format: string;
  /** What is wrong, as a clause: `the header is cut off`. */
  readonly what: string;
  /** Where: a byte offset, a row and column, a tensor's name, a path. */
  readonly where: string;
  /** What the reader can do about it. */
  readonly fix?: string;
}

/**
 * What a function that reads or writes outside data returns on its left side. It extends `Error`, so that a script may
 * simply throw it; nothing here throws it by itself.
 *
 * @example
 * const file = decodeSafetensors(new Uint8Array(3))
 * if (file._tag === 'Left') console.log(file.left.message)
 * // safetensors: the file has 3 bytes, and the length of the header alone takes 8 (byte 0)
 */
export class IoError extends Error {
  readonly format: string;
  readonly what: string;
  readonly where: string;
  readonly fix: string | undefined;

  constructor(problem: IoProblem) {
    super(
      `${problem.format}: ${problem.what} (${problem.where})${problem.fix === undefined ? '' : `. ${problem.fix}`}`,
    );
    this.name = 'IoError';
    this.format = problem.format;
    this.what = problem.what;
    this.where = problem.where;
    this.fix = problem.fix;
  }

  /** The same problem, found while another format was read or written. */
  as(format: string): IoError {
    const { what, where, fix } = this;
    return new IoError({ format, what, where, ...(fix === undefined ? {} : { fix }) });
  }

  /** The same problem, said of a file: `path` goes in front of the place. */
  in(path: string): IoError {
    const { format, what, fix } = this;
    return new IoError({ format, what, where: `${path}, ${this.where}`, ...(fix === undefined ? {} : { fix }) });
  }
}

/** A `Left` that holds an `IoError`. */
export const bad = (format: string, what: string, where: string, fix?: string): E.Either<IoError, never> =>
  E.left(new IoError({ format, what, where, ...(fix === undefined ? {} : { fix }) }));

/**
 * The right side, or throw the left one: for scripts, where stopping with the message is all one wants.
 *
 * @example
 * const { tensors } = orThrow(decodeSafetensors(orThrow(encodeSafetensors({}))))
 */
export const orThrow = <A>(either: E.Either<IoError, A>): A => {
  if (E.isLeft(either)) throw either.left;
  return either.right;
};
