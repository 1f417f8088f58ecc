// Confusion matrices as pictures: rows are what is, columns what was predicted.
import { ArgumentError } from '../core/errors.ts';
import { tableText } from './table.ts';
import { element, label, picture } from './svg.ts';

/** Counts by actual class (row) and predicted class (column), as in scikit-learn. */
export type Confusion = readonly (readonly number[])[];

/** Names of the classes, in order; their numbers unless told. */
export interface ConfusionOptions {
  readonly labels?: readonly string[];
  readonly title?: string;
}

const labelsOf = (op: string, matrix: Confusion, labels: readonly string[] | undefined): readonly string[] => {
  const n = matrix.length;
  const ragged = matrix.find((row) => row.length !== n);
  if (ragged !== undefined)
    throw new ArgumentError(op, `the matrix has ${n} rows, and one has ${ragged.length} columns; it must be square`);
  if (labels !== undefined && labels.length !== n)
    throw new ArgumentError(op, `${labels.length} labels for ${n} classes`);
  return labels ?? matrix.map((_, i) => String(i));
};

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const percent = (part: number, whole: number): string =>
  whole === 0 ? '-' : part === whole ? '100%' : `${((100 * part) / whole).toFixed(1)}%`;

/**
 * The matrix as text: a row for each actual class and a column for each predicted one, a dot for zero, and at the end of
 * a row its recall, at the foot of a column its precision.
 *
 * @example
 * console.log(confusionText([[9, 1], [0, 5]], { labels: ['cat', 'dog'] }));
 */
export const confusionText = (matrix: Confusion, { labels, title }: ConfusionOptions = {}): string => {
  const names = labelsOf('confusionText', matrix, labels);
  const body = matrix.map((row, i) => [
    names[i] as string,
    ...row.map((n) => (n === 0 ? '·' : String(n))),
    percent(row[i] as number, sum(row)),
  ]);
  const precision = matrix.map((row, i) => percent(row[i] as number, sum(matrix.map((r) => r[i] as number))));
  const total = percent(sum(matrix.map((row, i) => row[i] as number)), sum(matrix.map(sum)));
  const table = tableText(['actual \\ predicted', ...names, 'recall'], [...body, ['precision', ...precision, total]]);
  return title === undefined ? table : `${title}\n${table}`;
};

/** From white to a deep blue; dark cells want light letters. */
const shade = (share: number): { readonly fill: string; readonly ink: string } => {
  const mix = (from: number, to: number): number => Math.round(from + (to - from) * Math.sqrt(share));
  return { fill: `rgb(${mix(255, 8)},${mix(255, 48)},${mix(255, 107)})`, ink: share > 0.25 ? '#ffffff' : '#222222' };
};

/**
 * The matrix as the text of an SVG file. A cell is the darker, the larger its share of its row.
 *
 * @example
 * const svg = confusionSvg([[9, 1], [0, 5]], { labels: ['cat', 'dog'], title: 'held-out' });
 */
export const confusionSvg = (
  matrix: Confusion,
  { labels, title = 'confusion matrix' }: ConfusionOptions = {},
): string => {
  const names = labelsOf('confusionSvg', matrix, labels);
  const n = matrix.length;
  const widest = Math.max(1, ...names.map((name) => name.length));
  const digits = Math.max(1, ...matrix.flat().map((v) => String(v).length));
  const cell = Math.max(34, 9 * digits + 10, Math.min(90, 7.5 * widest + 8));
  const [left, top] = [7.5 * widest + 42, 74];
  const middle = { 'text-anchor': 'middle' };
  const cells = matrix.flatMap((row, i) => {
    const whole = Math.max(1, sum(row));
    return row.map((count, j) => {
      const [x, y] = [left + j * cell, top + i * cell];
      const { fill, ink } = shade(Math.min(1, Math.max(0, count / whole)));
      const hint = element('title', {}, `${count}`);
      return `${element('rect', { x, y, width: cell, height: cell, fill, stroke: '#dddddd' }, hint)}${label(String(count), x + cell / 2, y + cell / 2 + 4, { ...middle, fill: count === 0 ? '#aaaaaa' : ink })}`;
    });
  });
  const heads = names.map((name, j) => label(name, left + (j + 0.5) * cell, top - 8, middle));
  const sides = names.map((name, i) => label(name, left - 8, top + (i + 0.5) * cell + 4, { 'text-anchor': 'end' }));
  const middleY = top + (n * cell) / 2;
  return picture(
    left + n * cell + 16,
    top + n * cell + 16,
    title,
    label(title, 16, 22, { 'font-size': 14, 'font-weight': 'bold' }),
    label('predicted', left + (n * cell) / 2, 48, { ...middle, fill: '#555555' }),
    label('actual', 18, middleY, { ...middle, fill: '#555555', transform: `rotate(-90 18 ${middleY})` }),
    ...heads,
    ...sides,
    ...cells,
  );
};
