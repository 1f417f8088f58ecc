// Typed columns of a table: each cell decoded by its column's reader, and every cell that fails reported at once.
import { either as E } from 'fp-ts';
import type { IoError } from '../io/error.ts';
import { bad } from '../io/error.ts';

/** Reads one cell; the left side says what is wrong with its text. */
export type Cell<A> = (text: string) => E.Either<string, A>;

/** Columns by the name in the table's first row. */
export type Schema = Readonly<Record<string, Cell<unknown>>>;

/** What a schema reads: one array a column, all of one length. */
export type Columns<S extends Schema> = { readonly [K in keyof S]: S[K] extends Cell<infer A> ? readonly A[] : never };

/** A finite number in decimal notation. */
export const numberCell: Cell<number> = (text) => {
  const trimmed = text.trim();
  const value = Number(trimmed);
  return trimmed !== '' && Number.isFinite(value) && !/^[+-]?0[xob]/i.test(trimmed)
    ? E.right(value)
    : E.left(`${JSON.stringify(text)} is not a number`);
};

/** The text itself. */
export const textCell: Cell<string> = (text) => E.right(text);

/** One of the given names, as its position among them: class labels. */
export const labelCell =
  (...names: readonly string[]): Cell<number> =>
  (text) => {
    const at = names.indexOf(text);
    return at < 0 ? E.left(`${JSON.stringify(text)} is none of ${names.join(', ')}`) : E.right(at);
  };

/** A cell that may be missing, written as one of `marks`; then it is `undefined`. */
export const optionalCell =
  <A>(cell: Cell<A>, marks: readonly string[] = ['', 'NA']): Cell<A | undefined> =>
  (text) =>
    marks.includes(text) ? E.right(undefined) : cell(text);

// A wrong schema fails on every row; a person reads the first few.
const shown = 10;

/**
 * The columns that a schema names, from rows whose first holds the names. Other columns are left out. A `Left` lists
 * the cells that cannot be read, with row (1 is the header) and column, or the names that the header lacks.
 *
 * @example
 * const rows = orThrow(parseCsv('species,mass\nGentoo,5000\nAdelie,NA\n'));
 * const { species, mass } = orThrow(
 *   readColumns(rows, { species: labelCell('Adelie', 'Gentoo'), mass: optionalCell(numberCell) }),
 * );
 * // species: [1, 0], mass: [5000, undefined]
 */
export const readColumns = <S extends Schema>(
  rows: readonly (readonly string[])[],
  schema: S,
): E.Either<IoError, Columns<S>> => {
  const [header = [], ...body] = rows;
  const names = Object.keys(schema);
  const absent = names.filter((name) => !header.includes(name));
  if (absent.length > 0)
    return bad('table', `there is no column ${absent.map((n) => JSON.stringify(n)).join(', ')}`, `header: ${header.join(', ')}`);
  const twice = names.find((name) => header.indexOf(name) !== header.lastIndexOf(name));
  if (twice !== undefined) return bad('table', `two columns are named ${JSON.stringify(twice)}`, 'header');
  const problems: string[] = [];
  const columns = names.map((name) => {
    const at = header.indexOf(name);
    const read = schema[name] as Cell<unknown>;
    return body.map((row, r) => {
      const text = row[at];
      const cell = text === undefined ? E.left('the row is too short') : read(text);
      if (E.isLeft(cell)) problems.push(`row ${r + 2}, column ${JSON.stringify(name)}: ${cell.left}`);
      return E.isLeft(cell) ? undefined : cell.right;
    });
  });
  if (problems.length > 0) {
    const rest = problems.length > shown ? `\n  and ${problems.length - shown} more` : '';
    const count = `${problems.length} ${problems.length === 1 ? 'cell' : 'cells'} cannot be read`;
    return bad('table', count, `\n  ${problems.slice(0, shown).join('\n  ')}${rest}\n`);
  }
  return E.right(Object.fromEntries(names.map((name, i) => [name, columns[i]])) as unknown as Columns<S>);
};
