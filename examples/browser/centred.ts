// A drawing as MNIST has its digits: its ink fitted into 20 x 20 pixels, its centre of mass in the middle of 28 x 28.
import { pen } from './dom.ts';

const blank = (size: number): HTMLCanvasElement => {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size;
  return canvas;
};

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where there is ink; nothing on an empty drawing. */
const inked = ({ data, width, height }: ImageData): Box | undefined => {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (data[4 * (y * width + x) + 3]! > 0) {
        [left, right] = [Math.min(left, x), Math.max(right, x)];
        [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
      }
  return right < 0 ? undefined : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
};

/** How much ink every pixel has, from 0 to 1. */
const coverage = (canvas: HTMLCanvasElement): Float32Array => {
  const { data } = pen(canvas).getImageData(0, 0, canvas.width, canvas.height);
  return Float32Array.from({ length: canvas.width * canvas.height }, (_, i) => data[4 * i + 3]! / 255);
};

/** The pixels [784] of what is on a canvas, from 0 (paper) to 1 (ink); nothing where it is empty. */
export const centred = (drawing: HTMLCanvasElement): Float32Array | undefined => {
  const box = inked(pen(drawing).getImageData(0, 0, drawing.width, drawing.height));
  if (box === undefined) return undefined;
  const scale = 20 / Math.max(box.width, box.height);
  const [width, height] = [Math.max(1, box.width * scale), Math.max(1, box.height * scale)];
  const put = (dx: number, dy: number): HTMLCanvasElement => {
    const canvas = blank(28);
    const g = pen(canvas);
    g.imageSmoothingQuality = 'high';
    g.drawImage(drawing, box.x, box.y, box.width, box.height, 14 - width / 2 + dx, 14 - height / 2 + dy, width, height);
    return canvas;
  };
  const first = coverage(put(0, 0));
  let [mass, x, y] = [0, 0, 0];
  first.forEach((ink, i) => {
    mass += ink;
    x += ink * ((i % 28) + 0.5);
    y += ink * (Math.floor(i / 28) + 0.5);
  });
  return coverage(put(14 - x / mass, 14 - y / mass));
};
