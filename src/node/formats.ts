// Files in the formats that cotangent/io and cotangent/data read and write: safetensors, checkpoints, IDX, CSV.
import { function as F, taskEither as TE } from 'fp-ts';
import { decodeIdx, type IdxArray } from '../data/idx.ts';
import { parseCsv, type CsvOptions } from '../data/csv.ts';
import { decodeCheckpoint, encodeCheckpoint, type RestoreOptions } from '../io/checkpoint.ts';
import type { IoError } from '../io/error.ts';
import type { HostArray } from '../io/host.ts';
import { decodeSafetensors, encodeSafetensors, type Safetensors } from '../io/safetensors.ts';
import { readText, readWith, writeAtomic } from './files.ts';

/**
 * Read a safetensors file.
 *
 * @example
 * const { tensors } = orThrow(await readSafetensors('model.safetensors')());
 */
export const readSafetensors: (path: string) => TE.TaskEither<IoError, Safetensors> = readWith(decodeSafetensors);

/** Write named arrays as a safetensors file, atomically. */
export const writeSafetensors = (
  path: string,
  arrays: ReadonlyMap<string, HostArray> | Readonly<Record<string, HostArray>>,
  metadata: Readonly<Record<string, string>> = {},
): TE.TaskEither<IoError, void> =>
  F.pipe(
    TE.fromEither(encodeSafetensors(arrays, metadata)),
    TE.chain((bytes) => writeAtomic(path, bytes)),
  );

/**
 * Save a tree (parameters, optimizer state, step, keys) as a safetensors file, atomically: whoever reads the path finds
 * the old checkpoint or the whole new one, and an interrupted run leaves no half-written one.
 *
 * @example
 * orThrow(await saveCheckpoint('run/last.safetensors', { params, optState, step, key })());
 */
export const saveCheckpoint = (
  path: string,
  tree: unknown,
  metadata: Readonly<Record<string, string>> = {},
): TE.TaskEither<IoError, void> =>
  F.pipe(
    encodeCheckpoint(tree, metadata),
    TE.mapLeft((error) => error.in(path)),
    TE.chain((bytes) => writeAtomic(path, bytes)),
  );

/**
 * Load a tree of the template's structure; every mismatch at once where the file does not fit it.
 *
 * @example
 * const { params } = orThrow(await loadCheckpoint('run/last.safetensors', { params: init(key) }, { extra: 'ignore' })());
 */
export const loadCheckpoint = <T>(path: string, template: T, options: RestoreOptions = {}): TE.TaskEither<IoError, T> =>
  readWith((bytes) => decodeCheckpoint(bytes, template, options))(path);

/**
 * Read an IDX file, gzipped or not.
 *
 * @example
 * const images = toFloat32(orThrow(await readIdx('t10k-images-idx3-ubyte.gz')()), 1 / 255);
 */
export const readIdx: (path: string) => TE.TaskEither<IoError, IdxArray> = readWith(decodeIdx);

/** Read the rows of a CSV file, gzipped or not. */
export const readCsv = (
  path: string,
  options: CsvOptions = {},
): TE.TaskEither<IoError, readonly (readonly string[])[]> =>
  F.pipe(
    readText(path),
    TE.chainEitherK((text) => parseCsv(text, options)),
    TE.mapLeft((error) => (error.format === 'CSV' ? error.in(path) : error)),
  );
