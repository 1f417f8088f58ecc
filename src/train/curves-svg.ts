// Curves as an SVG file: panels side by side, grid, axes, lines and a legend.
import { showMetric } from './progress.ts';
import { lastValue, layoutPanel, type Panel } from './curves.ts';
import { dashes, element, label, palette, picture, px } from './svg.ts';

/** Size of one panel, in pixels. */
export interface SvgOptions {
  readonly width?: number;
  readonly height?: number;
}

const grey = '#dddddd';
const ink = '#555555';

const panelSvg = (panel: Panel, width: number, height: number, legendRows: number): string => {
  const [left, right, top] = [58, 16, panel.title === undefined ? 14 : 34];
  const bottom = 44 + 17 * legendRows;
  const [w, h] = [width - left - right, height - top - bottom];
  const layout = layoutPanel(panel, Math.max(2, Math.floor(w / 60)), Math.max(2, Math.floor(h / 40)));
  const { xAxis, yAxis, lines } = layout;
  const [atX, atY] = [(place: number): number => left + place * w, (place: number): number => top + (1 - place) * h];
  const grid = yAxis.ticks.map((tick) => {
    const y = atY(yAxis.place(tick));
    return `${element('line', { x1: left, y1: y, x2: left + w, y2: y, stroke: grey })}${label(yAxis.label(tick), left - 6, y + 4, { 'text-anchor': 'end' })}`;
  });
  const marks = xAxis.ticks.map((tick) => {
    const x = atX(xAxis.place(tick));
    return `${element('line', { x1: x, y1: top + h, x2: x, y2: top + h + 4, stroke: ink })}${label(xAxis.label(tick), x, top + h + 17, { 'text-anchor': 'middle' })}`;
  });
  const style = (
    i: number,
  ): { readonly stroke: string; readonly 'stroke-dasharray': string; readonly 'stroke-width': number } => ({
    stroke: palette[i % palette.length] as string,
    'stroke-dasharray': dashes[i % dashes.length] as string,
    'stroke-width': 2,
  });
  const drawn = lines.flatMap((stretches, i) =>
    stretches.map((points) => {
      const [first] = points;
      if (points.length === 1 && first !== undefined)
        return element('circle', { cx: atX(first[0]), cy: atY(first[1]), r: 3, fill: style(i).stroke });
      const path = points.map(([x, y]) => `${px(atX(x))},${px(atY(y))}`).join(' ');
      return element('polyline', { points: path, fill: 'none', ...style(i), 'stroke-linejoin': 'round' });
    }),
  );
  const legend = panel.series.map((series, i) => {
    const y = top + h + 44 + 17 * i + 6;
    const value = lastValue(series);
    const text = value === undefined ? series.name : `${series.name} (last ${showMetric(value)})`;
    return `${element('line', { x1: left, y1: y - 4, x2: left + 24, y2: y - 4, ...style(i) })}${label(text, left + 31, y)}`;
  });
  return element(
    'g',
    {},
    ...(panel.title === undefined ? [] : [label(panel.title, left, 20, { 'font-size': 14, 'font-weight': 'bold' })]),
    ...grid,
    element('line', { x1: left, y1: top + h, x2: left + w, y2: top + h, stroke: ink }),
    ...marks,
    ...(layout.empty ? [label('no data', left + w / 2, top + h / 2, { 'text-anchor': 'middle', fill: ink })] : drawn),
    ...(panel.x === undefined ? [] : [label(panel.x, left + w, top + h + 33, { 'text-anchor': 'end', fill: ink })]),
    ...(panel.y === undefined
      ? []
      : [
          label(panel.y, 14, top + h / 2, {
            'text-anchor': 'middle',
            fill: ink,
            transform: `rotate(-90 14 ${px(top + h / 2)})`,
          }),
        ]),
    ...legend,
  );
};

/**
 * Curves as the text of an SVG file, panels side by side: each of `width` by `height` pixels, 480 by 340 unless told.
 *
 * @example
 * const svg = curvesSvg([
 *   { title: 'loss', x: 'epoch', scale: 'log', series: [series(history, 'epoch', 'loss', 'train')] },
 *   { title: 'accuracy', x: 'epoch', series: [series(history, 'epoch', 'accuracy')] },
 * ]);
 */
export const curvesSvg = (panels: Panel | readonly Panel[], { width = 480, height = 340 }: SvgOptions = {}): string => {
  const list = 'series' in panels ? [panels] : panels;
  const title = list.map((p) => p.title ?? p.series.map((s) => s.name).join(', ')).join('; ');
  // One number of legend rows for all, so that their axes stand at one height.
  const rows = Math.max(0, ...list.map((p) => p.series.length));
  const drawn = list.map((panel, i) =>
    element('g', { transform: `translate(${px(i * width)} 0)` }, panelSvg(panel, width, height, rows)),
  );
  return picture(Math.max(1, list.length) * width, height, title, ...drawn);
};
