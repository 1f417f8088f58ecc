// Files: whole or not at all under their name, and every failure a Left that names the path and the reason.
import { spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { either as E, type taskEither as TE } from 'fp-ts';
import { afterAll, describe, expect, it } from 'vitest';
import { copyIn } from '../../src/core/host.ts';
import type { IoError } from '../../src/io/index.ts';
import { decodeSafetensors, MismatchError, orThrow } from '../../src/io/index.ts';
import {
  loadCheckpoint,
  readBytes,
  readCsv,
  readIdx,
  readSafetensors,
  readText,
  saveCheckpoint,
  writableFolder,
  writeAtomic,
  writeSafetensors,
} from '../../src/node/index.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cotangent-files-')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const messageOf = async (task: TE.TaskEither<IoError, unknown>): Promise<string> => {
  const result = await task();
  return E.isLeft(result) ? result.left.message : 'no error';
};
const w = copyIn('test', Float32Array.of(1, 2, 3), [3]);

describe('writeAtomic', () => {
  it('writes bytes and text, replaces what was there, and leaves nothing else behind', async () => {
    const own = at('atomic');
    mkdirSync(own);
    orThrow(await writeAtomic(join(own, 'a'), Uint8Array.of(1, 2))());
    orThrow(await writeAtomic(join(own, 'a'), Uint8Array.of(3))());
    orThrow(await writeAtomic(join(own, 'b.svg'), '<svg>é</svg>')());
    expect([...orThrow(await readBytes(join(own, 'a'))())]).toEqual([3]);
    expect(orThrow(await readText(join(own, 'b.svg'))())).toBe('<svg>é</svg>');
    expect(readdirSync(own).sort()).toEqual(['a', 'b.svg']);
  });

  it('follows a link instead of replacing it', async () => {
    writeFileSync(at('real'), 'old');
    symlinkSync(at('real'), at('link'));
    orThrow(await writeAtomic(at('link'), 'new')());
    expect(readFileSync(at('real'), 'utf8')).toBe('new');
  });

  it('says why it cannot, keeps the old file, and leaves nothing behind', async () => {
    writeFileSync(at('plain'), 'kept');
    expect(await messageOf(writeAtomic(at('absent/x'), 'new'))).toBe(
      `file: cannot write: there is no such file or folder (${at('absent/x')}). Check the path`,
    );
    expect(await messageOf(writeAtomic(at('plain/x'), 'new'))).toContain('a part of the path is a file, not a folder');
    mkdirSync(at('folder/full'), { recursive: true });
    expect(await messageOf(writeAtomic(at('folder'), 'new'))).toContain('it is a folder, not a file');
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(readFileSync(at('plain'), 'utf8')).toBe('kept');
  });

  it('shows a reader the old content or the whole new one, also when the writer is killed', async () => {
    const path = at('killed');
    const size = 8_000_000;
    writeFileSync(path, Buffer.alloc(size, 0));
    const files = new URL('../../src/node/files.ts', import.meta.url).href;
    const program = `
      import { writeAtomic } from ${JSON.stringify(files)};
      for (let i = 1; ; i = (i % 255) + 1) {
        await writeAtomic(${JSON.stringify(path)}, new Uint8Array(${size}).fill(i))();
        if (i === 1) console.log('running');
      }`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const whole = (): number => {
      const bytes = readFileSync(path);
      expect(bytes.length).toBe(size);
      expect(bytes.every((b) => b === bytes[0])).toBe(true);
      return bytes[0] as number;
    };
    await new Promise((resolve) => child.stdout.once('data', resolve));
    for (let i = 0; i < 5; i++) {
      whole();
      await pause(7);
    }
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    expect(whole()).toBeGreaterThan(0);
  });
});

describe('reading', () => {
  it('says why it cannot', async () => {
    expect(await messageOf(readBytes(at('nothing')))).toBe(
      `file: cannot read: there is no such file or folder (${at('nothing')}). Check the path`,
    );
    expect(await messageOf(readBytes(folder))).toContain('cannot read: it is a folder, not a file');
    writeFileSync(at('latin1'), Buffer.from([0xe9]));
    expect(await messageOf(readText(at('latin1')))).toBe(`file: cannot read: it is not valid UTF-8 (${at('latin1')})`);
  });

  it('unpacks gzip, and names the file where that fails', async () => {
    const packed = gzipSync(Buffer.from([0, 0, 8, 1, 0, 0, 0, 2, 7, 2]));
    writeFileSync(at('labels.gz'), packed);
    expect([...orThrow(await readIdx(at('labels.gz'))()).data]).toEqual([7, 2]);
    writeFileSync(at('cut.gz'), packed.subarray(0, 20));
    expect(await messageOf(readIdx(at('cut.gz')))).toContain(
      `gzip: the bytes do not unpack: unexpected end of file (${at('cut.gz')}, 20 bytes)`,
    );
  });

  it('names the file where its content is wrong', async () => {
    writeFileSync(at('short.idx'), Buffer.from([0, 0, 8, 1, 0, 0, 0, 3, 7, 2]));
    expect(await messageOf(readIdx(at('short.idx')))).toContain(
      `IDX: uint8 [3] takes 3 bytes, and 2 follow (${at('short.idx')}, byte 8)`,
    );
    writeFileSync(at('bad.csv'), 'a,b\n1\n');
    expect(await messageOf(readCsv(at('bad.csv')))).toBe(
      `CSV: the row has 1 fields, and the first has 2 (${at('bad.csv')}, row 2)`,
    );
    writeFileSync(at('good.csv'), 'a;b\n1;2\n');
    expect(orThrow(await readCsv(at('good.csv'), { delimiter: ';' })())).toEqual([
      ['a', 'b'],
      ['1', '2'],
    ]);
    expect(await messageOf(readSafetensors(at('bad.csv')))).toContain(
      `safetensors: the file has 6 bytes, and the length of the header alone takes 8 (${at('bad.csv')}, byte 0)`,
    );
  });
});

describe('checkpoints', () => {
  it('come back from disk', async () => {
    orThrow(await saveCheckpoint(at('c.safetensors'), { w, step: 7 }, { model: 'test' })());
    const back = orThrow(await loadCheckpoint(at('c.safetensors'), { w, step: 0 })());
    expect([back.w.arraySync(), back.step]).toEqual([[1, 2, 3], 7]);
    const { tensors, metadata } = orThrow(await readSafetensors(at('c.safetensors'))());
    expect([[...tensors.keys()], metadata]).toEqual([['step', 'w'], { model: 'test' }]);
    orThrow(await writeSafetensors(at('again.safetensors'), tensors, metadata)());
    expect(readFileSync(at('again.safetensors'))).toEqual(readFileSync(at('c.safetensors')));
  });

  it('that do not fit name the file and every mismatch', async () => {
    const result = await loadCheckpoint(at('c.safetensors'), {
      w: copyIn('t', Float32Array.of(1), [1]),
      b: w,
    })();
    expect(E.isLeft(result) && result.left).toBeInstanceOf(MismatchError);
    expect(E.isLeft(result) && result.left.message).toContain(`(${at('c.safetensors')}, 3 mismatches:`);
  });

  it('that cannot be written are refused before the disk is touched', async () => {
    expect(await messageOf(saveCheckpoint(at('no.safetensors'), { 'a.b': w, a: { b: w } }))).toContain(
      'two leaves of the tree have one name',
    );
    expect(readdirSync(folder)).not.toContain('no.safetensors');
  });

  it('are plain safetensors', () => {
    expect(E.isRight(decodeSafetensors(readFileSync(at('c.safetensors'))))).toBe(true);
  });
});

describe('writableFolder', () => {
  it('makes the folder with its parents, and leaves nothing in it', async () => {
    expect(orThrow(await writableFolder(at('deep/er'))())).toBe(at('deep/er'));
    expect(orThrow(await writableFolder(at('deep/er'))())).toBe(at('deep/er'));
    expect(readdirSync(at('deep/er'))).toEqual([]);
  });
  it('says why it cannot', async () => {
    writeFileSync(at('file'), '');
    expect(await messageOf(writableFolder(at('file')))).toBe(
      `file: cannot write to the folder: a file of that name is in the way (${at('file')}). Choose another name`,
    );
    expect(await messageOf(writableFolder(at('file/sub')))).toContain('a part of the path is a file, not a folder');
  });
});
