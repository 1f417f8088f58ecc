// A strict JSON reader that remembers where each value stands and refuses duplicate keys, for headers of files.
import { either as E } from 'fp-ts';
import { bad, IoError } from './error.ts';

/** A JSON value with its place in the text; numbers keep how they were written. */
export type Json =
  | { readonly kind: 'object'; readonly at: number; readonly entries: ReadonlyMap<string, Json> }
  | { readonly kind: 'array'; readonly at: number; readonly items: readonly Json[] }
  | { readonly kind: 'string'; readonly at: number; readonly value: string }
  | { readonly kind: 'number'; readonly at: number; readonly text: string }
  | { readonly kind: 'literal'; readonly at: number; readonly value: boolean | null };

// A header is three levels deep; the bound keeps hostile text from exhausting the stack.
const deepest = 32;

const space = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const word = /true|false|null/y;

/**
 * Read a JSON text. `format` names the file's kind in the error, whose place is `character n of the header`.
 *
 * @example
 * parseJson('{"a":1,"a":2}', 'safetensors') // Left: the key "a" stands twice in one object
 */
export const parseJson = (source: string, format: string): E.Either<IoError, Json> => {
  let at = 0;
  const fail = (what: string, place = at): never => {
    throw new IoError({ format, what, where: `character ${place} of the header` });
  };
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(source)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  const token = (character: string): boolean => {
    match(space);
    if (source[at] !== character) return false;
    at += 1;
    return true;
  };
  const expect = (character: string, after: string): void => {
    if (token(character)) return;
    const found = at < source.length ? JSON.stringify(source[at]) : 'the end of the header';
    fail(`bad JSON: "${character}" is missing after ${after}, found ${found}`);
  };
  // By hand, not by a regular expression, whose backtracking stack a long string would exhaust.
  const quoted = (): string => {
    const start = at;
    do at += source[at] === '\\' ? 2 : 1;
    while (at < source.length && source[at] !== '"');
    if (at >= source.length) fail('bad JSON: a string is not closed', start);
    at += 1;
    const value = E.tryCatch(
      () => JSON.parse(source.slice(start, at)) as string,
      () => undefined,
    );
    if (E.isLeft(value)) return fail('bad JSON: a string holds a bad escape or a control character', start);
    // A lone surrogate has no UTF-8 form, so that two different names could be written as one.
    return /\p{Surrogate}/u.test(value.right)
      ? fail('bad JSON: a string holds half of a surrogate pair', start)
      : value.right;
  };
  const object = (start: number, depth: number): Json => {
    const entries = new Map<string, Json>();
    if (token('}')) return { kind: 'object', at: start, entries };
    do {
      match(space);
      const keyAt = at;
      if (source[at] !== '"') fail('bad JSON: a key in double quotes is missing');
      const key = quoted();
      if (entries.has(key)) fail(`the key ${JSON.stringify(key)} stands twice in one object`, keyAt);
      expect(':', `the key ${JSON.stringify(key)}`);
      entries.set(key, value(depth + 1));
    } while (token(','));
    expect('}', 'the last entry of an object');
    return { kind: 'object', at: start, entries };
  };
  const array = (start: number, depth: number): Json => {
    const items: Json[] = [];
    if (token(']')) return { kind: 'array', at: start, items };
    do items.push(value(depth + 1));
    while (token(','));
    expect(']', 'the last item of an array');
    return { kind: 'array', at: start, items };
  };
  const value = (depth: number): Json => {
    match(space);
    const start = at;
    if (depth > deepest) return fail(`bad JSON: nested more than ${deepest} deep`);
    if (token('{')) return object(start, depth);
    if (token('[')) return array(start, depth);
    if (source[at] === '"') return { kind: 'string', at: start, value: quoted() };
    const digits = match(number);
    if (digits !== undefined) return { kind: 'number', at: start, text: digits };
    const literal = match(word);
    if (literal !== undefined) return { kind: 'literal', at: start, value: JSON.parse(literal) as boolean | null };
    return fail(
      at < source.length ? 'bad JSON: a value is missing' : 'bad JSON: the text ends where a value should stand',
    );
  };
  try {
    const root = value(0);
    match(space);
    return at === source.length
      ? E.right(root)
      : bad(format, 'bad JSON: text stands after the end', `character ${at} of the header`);
  } catch (error) {
    if (error instanceof IoError) return E.left(error);
    throw error;
  }
};
