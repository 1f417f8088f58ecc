// CSV by RFC 4180: quotes, doubled quotes, line breaks inside quotes; what breaks the rules is a Left with row and column.
import { either as E } from 'fp-ts';
import type { IoError } from '../io/error.ts';
import { bad } from '../io/error.ts';

/** How the text is written. */
export interface CsvOptions {
  /** The character between fields; a comma unless told. */
  readonly delimiter?: string;
}

const format = 'CSV';
const place = (row: number, column: number): string => `row ${row + 1}, column ${column + 1}`;

interface Field {
  readonly text: string;
  /** Where the field ends: at a delimiter, a line break or the end of the text. */
  readonly end: number;
}

/** A field in quotes, whose first one stands at `start`; a message where the rules are broken. */
const quotedField = (source: string, start: number, delimiter: string): E.Either<string, Field> => {
  const parts: string[] = [];
  for (let from = start + 1; ; ) {
    const quote = source.indexOf('"', from);
    if (quote < 0) return E.left('a quote is not closed');
    parts.push(source.slice(from, quote));
    const next = source[quote + 1];
    if (next === '"') {
      parts.push('"');
      from = quote + 2;
    } else if (next === undefined || next === delimiter || next === '\n' || next === '\r') {
      return E.right({ text: parts.join(''), end: quote + 1 });
    } else return E.left(`${JSON.stringify(next)} stands after a closing quote`);
  }
};

const plainField = (source: string, start: number, stop: RegExp): E.Either<string, Field> => {
  stop.lastIndex = start;
  const end = stop.exec(source)?.index ?? source.length;
  const text = source.slice(start, end);
  return text.includes('"') ? E.left('a quote stands inside a field that has none around it') : E.right({ text, end });
};

/**
 * The rows of a CSV text, all with as many fields as the first. Lines end in CRLF, LF or CR; one at the end of the text
 * adds no row; a byte order mark in front is skipped. An empty line is a row of one empty field, so that it is ragged
 * where other rows have more.
 *
 * Source: RFC 4180.
 *
 * @example
 * orThrow(parseCsv('a,b\n1,"x, ""y"""\n')) // [['a', 'b'], ['1', 'x, "y"']]
 */
export const parseCsv = (
  text: string,
  { delimiter = ',' }: CsvOptions = {},
): E.Either<IoError, readonly (readonly string[])[]> => {
  if (delimiter.length !== 1 || /["\r\n]/.test(delimiter))
    return bad(format, 'the delimiter is one character, not a quote or a line break', JSON.stringify(delimiter));
  const source = text.startsWith('\ufeff') ? text.slice(1) : text;
  const stop = new RegExp(`[\\r\\n${delimiter.replace(/[\\\]^-]/, '\\$&')}]`, 'g');
  const rows: (readonly string[])[] = [];
  let row: string[] = [];
  let at = 0;
  while (at < source.length || row.length > 0) {
    const field = source[at] === '"' ? quotedField(source, at, delimiter) : plainField(source, at, stop);
    if (E.isLeft(field)) return bad(format, field.left, place(rows.length, row.length));
    row.push(field.right.text);
    const { end } = field.right;
    if (source[end] === delimiter) {
      at = end + 1;
      continue;
    }
    const width = rows[0]?.length ?? row.length;
    if (row.length !== width)
      return bad(format, `the row has ${row.length} fields, and the first has ${width}`, `row ${rows.length + 1}`);
    rows.push(row);
    row = [];
    at = source.startsWith('\r\n', end) ? end + 2 : end + 1;
  }
  return E.right(rows);
};

/**
 * A CSV text of rows, lines ended by CRLF. Fields are put in quotes where they must be.
 *
 * @example
 * encodeCsv([['name', 'note'], ['x', 'a, b']]) // 'name,note\r\nx,"a, b"\r\n'
 */
export const encodeCsv = (rows: readonly (readonly string[])[], { delimiter = ',' }: CsvOptions = {}): string => {
  const quote = (field: string, alone: boolean, first: boolean): string =>
    // A lone empty field would read as nothing, and a mark in front would be skipped, without quotes.
    alone && field === '' ? '""' : /["\r\n]/.test(field) || field.includes(delimiter) || (first && field.startsWith('\ufeff')) ? `"${field.replaceAll('"', '""')}"` : field;
  return rows.map((row, r) => `${row.map((f, c) => quote(f, row.length === 1, r + c === 0)).join(delimiter)}\r\n`).join('');
};
