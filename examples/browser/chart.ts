// A curve on a canvas: values by step, thinned as they grow in number, with a grid and a smoothed line.
import { element, ink, onLooks, pen } from './dom.ts';

export interface ChartOptions {
  /** The axis: from zero up to the largest value, or up to this. */
  readonly top?: number;
  readonly show: (value: number) => string;
  /** Share of the old value in the smoothed one; 0 draws the values themselves. */
  readonly smooth?: number;
}

export interface Chart {
  readonly add: (step: number, value: number) => void;
  readonly clear: () => void;
}

interface Point {
  readonly step: number;
  readonly value: number;
  readonly smooth: number;
}

/** Round numbers, about `count` of them, from 0 to `most`. */
export const ticks = (most: number, count: number): readonly number[] => {
  const rough = most / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const stride = power * ([1, 2, 5, 10].find((m) => m * power >= rough) ?? 10);
  return Array.from({ length: Math.floor(most / stride + 1e-9) + 1 }, (_, i) => i * stride);
};

// More points than a chart has pixels are thinned to half.
const mostPoints = 2000;

/** The chart on the canvas with this id, its last value in the output `<id>-now`. */
export const createChart = (id: string, { top, show, smooth = 0 }: ChartOptions): Chart => {
  const canvas = element<HTMLCanvasElement>(id);
  const now = element(`${id}-now`);
  const name = canvas.getAttribute('aria-label') ?? id;
  let points: Point[] = [];
  let last: Point | undefined;
  let wanted = 0;

  const draw = (): void => {
    const [width, height, scale] = [canvas.clientWidth, canvas.clientHeight, devicePixelRatio];
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const g = pen(canvas);
    g.scale(scale, scale);
    const [left, bottom] = [34, 20];
    const highest = points.reduce((most, p) => Math.max(most, smooth > 0 ? p.smooth : p.value), 0);
    const yMost = top ?? Math.max(1, highest * 1.05);
    const xMost = Math.max(50, last?.step ?? 0);
    const x = (step: number): number => left + (step / xMost) * (width - left - 4);
    const y = (value: number): number => 6 + (1 - Math.min(value, yMost) / yMost) * (height - bottom - 6);
    g.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    g.fillStyle = ink('soft');
    g.strokeStyle = ink('line');
    g.lineWidth = 1;
    g.textAlign = 'right';
    g.textBaseline = 'middle';
    for (const tick of ticks(yMost, 4)) {
      g.beginPath();
      g.moveTo(left, Math.round(y(tick)) + 0.5);
      g.lineTo(width - 4, Math.round(y(tick)) + 0.5);
      g.stroke();
      g.fillText(top === 1 ? `${Math.round(100 * tick)}%` : String(Number(tick.toPrecision(3))), left - 6, y(tick));
    }
    g.textAlign = 'center';
    g.textBaseline = 'alphabetic';
    for (const tick of ticks(xMost, 4)) {
      const text = tick.toLocaleString('en');
      g.fillText(text, Math.min(x(tick), width - g.measureText(text).width / 2), height - 3);
    }
    const line = (colour: string, thick: number, of: (p: Point) => number): void => {
      g.strokeStyle = colour;
      g.lineWidth = thick;
      g.lineJoin = 'round';
      g.beginPath();
      points.forEach((p, i) => (i === 0 ? g.moveTo(x(p.step), y(of(p))) : g.lineTo(x(p.step), y(of(p)))));
      g.stroke();
    };
    if (smooth > 0) line(ink('faint'), 1, (p) => p.value);
    line(ink('accent'), 2, (p) => p.smooth);
  };
  const redraw = (): void => {
    cancelAnimationFrame(wanted);
    wanted = requestAnimationFrame(draw);
  };
  new ResizeObserver(redraw).observe(canvas);
  onLooks(redraw);

  return {
    add: (step, value) => {
      // An average that forgets, and does not start from nothing.
      const share = Math.min(smooth, step / (step + 4));
      last = { step, value, smooth: last === undefined ? value : share * last.smooth + (1 - share) * value };
      points.push(last);
      if (points.length > mostPoints) points = points.filter((_, i) => i % 2 === 1);
      now.textContent = show(last.smooth);
      canvas.setAttribute('aria-label', `${name}: ${show(last.smooth)} after ${step} steps`);
      redraw();
    },
    clear: () => {
      points = [];
      last = undefined;
      now.textContent = '–';
      canvas.setAttribute('aria-label', name);
      redraw();
    },
  };
};
