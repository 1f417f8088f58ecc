// Curves as text for a terminal: lines of braille dots between axes, each named at its end.
import { showMetric } from './progress.ts';
import { lastValue, layoutPanel, type Panel } from './curves.ts';

/** Size in characters, and whether to use colours (ANSI escape codes). */
export interface TextOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colour?: boolean;
}

// Blue, red, green, magenta, yellow, cyan.
const ansi: readonly number[] = [34, 31, 32, 35, 33, 36];
/** Text in the colour of series `i`, or plain. */
const paint = (text: string, i: number | undefined, colour: boolean): string =>
  colour && i !== undefined ? `\u001b[${ansi[i % ansi.length]}m${text}\u001b[0m` : text;

// Unicode braille: the dots of a cell, two columns of four, by their bit.
const dotBits = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

interface Cell {
  readonly bits: number;
  /** The series drawn last, which gives the colour. */
  readonly series: number;
}

/** The dots between two, both ends included (one a column or one a row, whichever is more). */
const segment = (
  [x0, y0]: readonly [number, number],
  [x1, y1]: readonly [number, number],
): (readonly [number, number])[] => {
  const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0), 1);
  return Array.from({ length: steps + 1 }, (_, i) => [
    Math.round(x0 + ((x1 - x0) * i) / steps),
    Math.round(y0 + ((y1 - y0) * i) / steps),
  ]);
};

/** Every line as cells of braille, by `row * width + column`. Lines after the first are dotted, so that they differ without colours. */
const draw = (
  lines: ReturnType<typeof layoutPanel>['lines'],
  width: number,
  height: number,
): ReadonlyMap<number, Cell> => {
  const cells = new Map<number, Cell>();
  const [columns, rows] = [2 * width - 1, 4 * height - 1];
  lines.forEach((stretches, series) => {
    for (const stretch of stretches) {
      const dots = stretch.map(([x, y]) => [Math.round(x * columns), Math.round((1 - y) * rows)] as const);
      const path = dots.flatMap((dot, i) => segment(dots[i - 1] ?? dot, dot).slice(i === 0 ? 0 : 1));
      path.forEach(([x, y], i) => {
        if (i % (series + 1) !== 0 && path.length > 1) return;
        const at = (y >> 2) * width + (x >> 1);
        const bit = dotBits[(y & 3) as 0 | 1 | 2 | 3][(x & 1) as 0 | 1];
        cells.set(at, { bits: (cells.get(at)?.bits ?? 0) | bit, series });
      });
    }
  });
  return cells;
};

/** Rows for the names at the ends of lines: as near to their line as the others allow, top to bottom. */
const spread = (wanted: readonly number[], height: number): readonly number[] => {
  const order = wanted.map((_, i) => i).sort((a, b) => (wanted[a] as number) - (wanted[b] as number));
  const rows: number[] = [];
  let next = 0;
  order.forEach((i, k) => {
    const latest = height - (order.length - k);
    rows[i] = Math.max(0, Math.max(next, Math.min(wanted[i] as number, latest)));
    next = rows[i] + 1;
  });
  return rows;
};

const panelText = (panel: Panel, width: number, height: number, colour: boolean): string => {
  const names = panel.series.map((s) => {
    const value = lastValue(s);
    return value === undefined ? s.name : `${s.name} ${showMetric(value)}`;
  });
  const layout = layoutPanel(panel, 6, Math.max(2, Math.floor(height / 3)));
  const { xAxis, yAxis, lines } = layout;
  const rowOf = (place: number): number => Math.round((1 - place) * (4 * height - 1)) >> 2;
  const yLabels = new Map(yAxis.ticks.map((tick) => [rowOf(yAxis.place(tick)), yAxis.label(tick)]));
  const margin = Math.max(0, ...[...yLabels.values()].map((s) => s.length));
  const w = Math.max(10, width - margin - 3 - Math.max(0, ...names.map((n) => n.length)));
  const cells = draw(lines, w, height);
  const ends = lines.map((stretches) => rowOf(stretches.at(-1)?.at(-1)?.[1] ?? 0));
  const nameRows = spread(ends, height);
  const body = Array.from({ length: height }, (_, row) => {
    const drawn = Array.from({ length: w }, (_unused, column) => {
      const cell = cells.get(row * w + column);
      return cell === undefined ? ' ' : paint(String.fromCodePoint(0x2800 + cell.bits), cell.series, colour);
    }).join('');
    const at = nameRows.indexOf(row);
    const name = at < 0 ? '' : ` ${paint(names[at] as string, at, colour)}`;
    const tick = yLabels.get(row);
    return `${(tick ?? '').padStart(margin)} ${tick === undefined ? '│' : '┤'}${drawn}${name}`.trimEnd();
  });
  // Ticks whose label would run into the one before go without.
  const ruler = Array.from({ length: w }, () => '─');
  let numbers = '';
  for (const tick of xAxis.ticks) {
    const column = Math.round(xAxis.place(tick) * (2 * w - 1)) >> 1;
    const text = xAxis.label(tick);
    const start = Math.max(0, column - (text.length >> 1));
    if (numbers !== '' && start < numbers.length + 1) continue;
    ruler[column] = '┬';
    numbers = `${numbers.padEnd(start)}${text}`;
  }
  const head = [panel.title, panel.y === undefined ? undefined : `(${panel.y})`]
    .filter((s) => s !== undefined)
    .join(' ');
  const gap = ' '.repeat(margin + 2);
  return [
    ...(head === '' ? [] : [`${gap}${head}`]),
    ...(layout.empty ? body.map((line, i) => (i === height >> 1 ? `${line}  no data` : line)) : body),
    `${' '.repeat(margin)} └${ruler.join('')}`,
    `${gap}${numbers}${panel.x === undefined ? '' : `  ${panel.x}`}`,
  ].join('\n');
};

/**
 * Curves as lines of text, one panel under the other: 72 characters wide and 12 rows high each unless told. Lines are
 * named at their ends with the last value; with `colour` they differ by colour, without by how they are dotted.
 *
 * @example
 * console.log(curvesText({ title: 'loss', x: 'epoch', series: [series(history, 'epoch', 'loss')] }, { colour: true }));
 */
export const curvesText = (
  panels: Panel | readonly Panel[],
  { width = 72, height = 12, colour = false }: TextOptions = {},
): string =>
  ('series' in panels ? [panels] : panels).map((panel) => panelText(panel, width, height, colour)).join('\n\n');
