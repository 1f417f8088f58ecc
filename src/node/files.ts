// Files of Node as values: reading and atomic writing, every failure an IoError that names the path and the reason.
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, realpath, rename, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { either as E, taskEither as TE } from 'fp-ts';
import { gunzip, isGzip } from '../data/gzip.ts';
import { IoError } from '../io/error.ts';

// The codes that a user can do something about; others are shown as Node words them.
const reasons: Readonly<Record<string, readonly [what: string, fix?: string]>> = {
  ENOENT: ['there is no such file or folder', 'Check the path'],
  EACCES: ['permission is denied', 'Check who owns it, or choose another place'],
  EPERM: ['the operation is not permitted', 'Check who owns it, or choose another place'],
  EROFS: ['the file system is read-only', 'Choose another place'],
  ENOTDIR: ['a part of the path is a file, not a folder', 'Check the path'],
  EISDIR: ['it is a folder, not a file', 'Name a file in it'],
  EEXIST: ['a file of that name is in the way', 'Choose another name'],
  ENOSPC: ['the disk is full', 'Free some space, or choose another disk'],
  EMFILE: ['too many files are open'],
};

const failure = (doing: string, path: string, error: unknown): IoError => {
  const { code, message } = error as NodeJS.ErrnoException;
  const [what, fix] = (code === undefined ? undefined : reasons[code]) ?? [message ?? String(error)];
  return new IoError({ format: 'file', what: `${doing}: ${what}`, where: path, ...(fix === undefined ? {} : { fix }) });
};

const attempt = <A>(doing: string, path: string, run: () => Promise<A>): TE.TaskEither<IoError, A> =>
  TE.tryCatch(run, (error) => failure(doing, path, error));

/**
 * The bytes of a file; one that is gzipped comes unpacked.
 *
 * @example
 * const bytes = orThrow(await readBytes('model.safetensors')());
 */
export const readBytes = (path: string): TE.TaskEither<IoError, Uint8Array> =>
  TE.chain((bytes: Uint8Array) =>
    isGzip(bytes) ? TE.mapLeft((e: IoError) => e.in(path))(gunzip(bytes)) : TE.right(bytes),
  )(attempt('cannot read', path, async () => new Uint8Array(await readFile(path))));

/** The text of a file that holds UTF-8 (unpacked where it is gzipped); other bytes are a `Left`. */
export const readText = (path: string): TE.TaskEither<IoError, string> =>
  TE.chainEitherK((bytes: Uint8Array) =>
    E.tryCatch(
      () => new TextDecoder('utf-8', { fatal: true }).decode(bytes),
      () => new IoError({ format: 'file', what: 'cannot read: it is not valid UTF-8', where: path }),
    ),
  )(readBytes(path));

/** Read a file and decode it; the decoder's error names the file. */
export const readWith =
  <A>(decode: (bytes: Uint8Array) => E.Either<IoError, A>) =>
  (path: string): TE.TaskEither<IoError, A> =>
    TE.chainEitherK((bytes: Uint8Array) => E.mapLeft((e: IoError) => e.in(path))(decode(bytes)))(readBytes(path));

const syncFolder = async (folder: string): Promise<void> => {
  // The rename itself is durable only when the folder is; Windows cannot open folders, and needs no such thing.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

const fill = async (handle: FileHandle, bytes: Uint8Array): Promise<void> => {
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/**
 * Write a file so that, at every moment and after a crash, the name holds either the old content or the whole new one:
 * to a temporary name in the same folder, flushed to the disk, then renamed. A link is followed. A process that is
 * killed while it writes may leave `.name.<random>.tmp` behind, never half a file under the name.
 *
 * @example
 * orThrow(await writeAtomic('runs/model.safetensors', bytes)());
 */
export const writeAtomic = (path: string, content: Uint8Array | string): TE.TaskEither<IoError, void> =>
  attempt('cannot write', path, async () => {
    const target = await realpath(path).catch(() => path);
    const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    try {
      await fill(await open(temporary, 'wx'), bytes);
      await rename(temporary, target);
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      throw error;
    }
    await syncFolder(dirname(target));
  });

/**
 * A folder to write to: made with its parents where it is missing, and tried by writing, so that a long run learns of
 * an unwritable place before it begins and not at its end. Gives the path back.
 *
 * @example
 * const out = orThrow(await writableFolder('runs/mnist')());
 */
export const writableFolder = (path: string): TE.TaskEither<IoError, string> =>
  attempt('cannot write to the folder', path, async () => {
    await mkdir(path, { recursive: true });
    const probe = join(path, `.probe.${randomBytes(6).toString('hex')}.tmp`);
    await (await open(probe, 'wx')).close();
    await unlink(probe);
    return path;
  });
