// CSV: RFC 4180 both ways, every broken rule with its place, and typed columns that report every bad cell.
import fc from 'fast-check';
import { either as E } from 'fp-ts';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { encodeCsv, labelCell, numberCell, optionalCell, parseCsv, readColumns, textCell } from '../../src/data/index.ts';
import { IoError, orThrow } from '../../src/io/index.ts';

const messageOf = (result: E.Either<IoError, unknown>): string => (E.isLeft(result) ? result.left.message : 'read');

describe('parseCsv', () => {
  const field = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('"', ',', ';', '\n', '\r', 'a', ' ', '\ufeff') }));
  const table = fc
    .integer({ min: 1, max: 4 })
    .chain((width) => fc.array(fc.array(field, { minLength: width, maxLength: width }), { maxLength: 5 }));

  it('parse(encode(rows)) = rows, quotes, line breaks and marks in any field', () => {
    fc.assert(
      fc.property(table, fc.constantFrom(',', ';', '\t', '|', ']', '^', '-', '\\'), (rows, delimiter) => {
        expect(orThrow(parseCsv(encodeCsv(rows, { delimiter }), { delimiter }))).toEqual(rows);
      }),
      { numRuns: 500 },
    );
  });

  it.each<[string, string, string[][]]>([
    ['nothing', '', []],
    ['LF', 'a,b\nc,d\n', [['a', 'b'], ['c', 'd']]],
    ['CRLF, no line break at the end', 'a,b\r\nc,d', [['a', 'b'], ['c', 'd']]],
    ['CR', 'a\rb\r', [['a'], ['b']]],
    ['byte order mark', '\ufeffa,b\n', [['a', 'b']]],
    ['empty fields', ',\n,', [['', ''], ['', '']]],
    ['spaces are kept', ' a , b \n', [[' a ', ' b ']]],
    ['a quote doubled', '"say ""hi""",x\n', [['say "hi"', 'x']]],
    ['a line break in quotes', '"a\r\nb",c\n', [['a\r\nb', 'c']]],
    ['empty quotes', '"",""\n', [['', '']]],
    ['an empty line in one column', 'a\n\nb\n', [['a'], [''], ['b']]],
  ])('reads %s', (_, text, rows) => {
    expect(orThrow(parseCsv(text))).toEqual(rows);
  });

  it.each<[string, string, string]>([
    ['a quote that stays open', 'a,b\n1,"x\n', 'CSV: a quote is not closed (row 2, column 2)'],
    ['text after a quote', '"a"b,c\n', 'CSV: "b" stands after a closing quote (row 1, column 1)'],
    ['a quote inside', 'a"b,c\n', 'CSV: a quote stands inside a field that has none around it (row 1, column 1)'],
    ['a short row', 'a,b\n1\n', 'CSV: the row has 1 fields, and the first has 2 (row 2)'],
    ['a long row', 'a,b\n1,2\n1,2,3\n', 'CSV: the row has 3 fields, and the first has 2 (row 3)'],
    ['an empty line among many columns', 'a,b\n\n', 'CSV: the row has 1 fields, and the first has 2 (row 2)'],
  ])('refuses %s', (_, text, message) => {
    expect(messageOf(parseCsv(text))).toBe(message);
  });

  it.each(['', '"', '\n', ',,'])('refuses the delimiter %j', (delimiter) => {
    expect(messageOf(parseCsv('a', { delimiter }))).toContain('the delimiter is one character');
  });

  it('never throws', () => {
    const hostile = fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'a', '\ufeff'), maxLength: 30 });
    fc.assert(
      fc.property(fc.oneof(hostile, fc.string({ unit: 'binary' })), (text) => {
        const result = parseCsv(text);
        if (E.isLeft(result)) expect(result.left).toBeInstanceOf(IoError);
        else expect(new Set(result.right.map((row) => row.length)).size).toBeLessThanOrEqual(1);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('readColumns', () => {
  const rows = orThrow(parseCsv('species,mass,note\nGentoo,5000,x\nAdelie,NA,y\n'));

  it('reads typed columns', () => {
    const columns = orThrow(readColumns(rows, { species: labelCell('Adelie', 'Gentoo'), mass: optionalCell(numberCell), note: textCell }));
    expect(columns).toEqual({ species: [1, 0], mass: [5000, undefined], note: ['x', 'y'] });
    expectTypeOf(columns.mass).toEqualTypeOf<readonly (number | undefined)[]>();
    expectTypeOf(columns.note).toEqualTypeOf<readonly string[]>();
  });

  it('reports every cell that fails, by row and column', () => {
    expect(messageOf(readColumns(rows, { mass: numberCell, species: labelCell('Adelie') }))).toMatchInlineSnapshot(`
      "table: 2 cells cannot be read (
        row 3, column "mass": "NA" is not a number
        row 2, column "species": "Gentoo" is none of Adelie
      )"
    `);
    const many = [['n'], ...Array.from({ length: 25 }, () => ['x'])];
    expect(messageOf(readColumns(many, { n: numberCell }))).toContain('and 15 more');
  });

  it('reports names that the header lacks, or has twice', () => {
    expect(messageOf(readColumns(rows, { weight: numberCell, sex: textCell }))).toBe(
      'table: there is no column "weight", "sex" (header: species, mass, note)',
    );
    expect(messageOf(readColumns([['a', 'a']], { a: textCell }))).toBe('table: two columns are named "a" (header)');
    expect(messageOf(readColumns([], { a: textCell }))).toContain('there is no column "a"');
    expect(messageOf(readColumns(rows, { constructor: textCell }))).toContain('no column "constructor"');
  });

  it.each(['', ' ', 'x', '1,5', '0x10', 'Infinity', 'NaN', '1e999', '--1'])('%j is no number', (text) => {
    expect(E.isLeft(numberCell(text))).toBe(true);
  });
  it.each([['1', 1], [' -2.5e3 ', -2500], ['+.5', 0.5], ['007', 7]] as const)('%j is %d', (text, value) => {
    expect(numberCell(text)).toEqual(E.right(value));
  });
});
