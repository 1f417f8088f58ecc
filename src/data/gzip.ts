// Gzip, by the stream that browsers and Node share.
import { taskEither as TE } from 'fp-ts';
import { IoError } from '../io/error.ts';

/** Whether bytes begin as a gzip file does. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * Unpack gzip. Truncated or damaged bytes are a `Left`; bytes after the end are refused or ignored as the engine has it.
 *
 * @example
 * const bytes = orThrow(await gunzip(packed)());
 */
export const gunzip = (bytes: Uint8Array): TE.TaskEither<IoError, Uint8Array> =>
  TE.tryCatch(
    async () => {
      const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'));
      return new Uint8Array(await new Response(stream).arrayBuffer());
    },
    (error) => {
      const reason = (error as { cause?: Error }).cause?.message ?? (error as Error).message;
      return new IoError({
        format: 'gzip',
        what: `the bytes do not unpack: ${reason}`,
        where: `${bytes.length} bytes`,
        fix: 'The file is cut off or damaged: fetch it anew',
      });
    },
  );
