// Elements of the page by their id, and the inks that the style sheet names.

/** The element with this id, which index.html must have. */
export const element = <T extends HTMLElement = HTMLElement>(id: string): T => {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no element '${id}'`);
  return found as T;
};

export const pen = (canvas: HTMLCanvasElement): CanvasRenderingContext2D => {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('the browser cannot draw on a canvas');
  return context;
};

/** A colour of the style sheet: `ink('accent')`. */
export const ink = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);

/** Calls when the looks change: between light and dark. */
export const onLooks = (redraw: () => void): void => {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
};

const paints = new Map<string, ImageData>();

/** Draws bytes (0 paper, 255 ink) as 28 x 28 pixels in the page's ink on nothing. */
export const paintDigit = (canvas: HTMLCanvasElement, pixels: ArrayLike<number>): void => {
  canvas.width = canvas.height = 28;
  const context = pen(canvas);
  const image = paints.get('digit') ?? context.createImageData(28, 28);
  paints.set('digit', image);
  context.fillStyle = ink('ink');
  context.fillRect(0, 0, 1, 1);
  const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
  for (let i = 0; i < 784; i++) image.data.set([r!, g!, b!, pixels[i]!], 4 * i);
  context.putImageData(image, 0, 0);
};
