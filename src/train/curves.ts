// Pictures of curves as data: panels, and what the SVG and the terminal need to know of their axes.
import { largest, linearAxis, logAxis, smallest, type Axis } from './ticks.ts';
import type { Series } from './history.ts';

/** One diagram: lines over one pair of axes. */
export interface Panel {
  readonly title?: string;
  /** Names of the axes. */
  readonly x?: string;
  readonly y?: string;
  /** A logarithmic y axis leaves out points that are not positive. */
  readonly scale?: 'linear' | 'log';
  readonly series: readonly Series[];
}

/** A panel with its axes, and each line cut where points are missing. */
export interface Layout {
  readonly xAxis: Axis;
  readonly yAxis: Axis;
  /** By series, by unbroken stretch: places from 0 to 1 on both axes. */
  readonly lines: readonly (readonly (readonly (readonly [x: number, y: number])[])[])[];
  readonly empty: boolean;
}

/** Axes for a panel and the places of its points; `xTicks` and `yTicks` say about how many marks fit. */
export const layoutPanel = ({ series, scale = 'linear' }: Panel, xTicks: number, yTicks: number): Layout => {
  const shown = ([x, y]: readonly [number, number]): boolean =>
    Math.abs(x) < largest && Math.abs(y) < largest && (scale === 'linear' || y >= smallest);
  const points = series.flatMap((s) => s.points.filter(shown));
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const xAxis = linearAxis(xs, { count: xTicks, whole: xs.every(Number.isInteger) });
  const yAxis = scale === 'log' && ys.length > 0 ? logAxis(ys) : linearAxis(ys, { count: yTicks, round: true });
  const lines = series.map(({ points: all }) => {
    const stretches: (readonly [number, number])[][] = [[]];
    for (const point of all) {
      if (shown(point)) stretches.at(-1)?.push([xAxis.place(point[0]), yAxis.place(point[1])]);
      else stretches.push([]);
    }
    return stretches.filter((stretch) => stretch.length > 0);
  });
  return { xAxis, yAxis, lines, empty: points.length === 0 };
};

/** The last point of a line that can be shown, for its label. */
export const lastValue = (series: Series): number | undefined =>
  series.points.filter(([, y]) => Number.isFinite(y)).at(-1)?.[1];
