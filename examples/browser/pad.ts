// The drawing area: strokes by mouse, pen, finger or keyboard.
import { centred } from './centred.ts';
import { element, ink, onLooks, paintDigit, pen } from './dom.ts';

export interface Pad {
  readonly clear: () => void;
  /** Puts a digit of 28 x 28 bytes on the pad. */
  readonly place: (pixels: Uint8Array) => void;
}

type Spot = readonly [number, number];

/** @param changed Called with the drawing as the network sees it, or nothing where it was cleared. */
export const createPad = (changed: (pixels: Float32Array | undefined) => void): Pad => {
  const canvas = element<HTMLCanvasElement>('pad');
  const seen = element<HTMLCanvasElement>('seen');
  const nib = element('nib');
  const g = pen(canvas);
  let at: Spot | undefined;
  let cursor: Spot = [canvas.width / 2, canvas.height / 2];
  let [down, keyed] = [false, false];
  let wanted = 0;

  const look = (): void => {
    const pixels = centred(canvas);
    paintDigit(seen, pixels === undefined ? new Uint8Array(784) : pixels.map((v) => 255 * v));
    changed(pixels);
  };
  const lookSoon = (): void => {
    cancelAnimationFrame(wanted);
    wanted = requestAnimationFrame(look);
  };
  const stroke = (to: Spot): void => {
    const from = at ?? to;
    g.strokeStyle = ink('ink');
    g.lineWidth = canvas.width / 14;
    g.lineCap = g.lineJoin = 'round';
    g.beginPath();
    g.moveTo(...from);
    g.lineTo(...to);
    g.stroke();
    at = to;
    lookSoon();
  };
  const clear = (): void => {
    g.clearRect(0, 0, canvas.width, canvas.height);
    at = undefined;
    lookSoon();
  };

  const spot = (event: PointerEvent): Spot => {
    const box = canvas.getBoundingClientRect();
    const scale = canvas.width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  };
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    down = true;
    at = undefined;
    stroke(spot(event));
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!down) return;
    const events = event.getCoalescedEvents();
    (events.length > 0 ? events : [event]).forEach((e) => stroke(spot(e)));
  });
  for (const end of ['pointerup', 'pointercancel'] as const)
    canvas.addEventListener(end, () => {
      down = false;
      at = undefined;
    });

  const arrows: Readonly<Record<string, Spot>> = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1],
  };
  const within = (v: number): number => Math.min(canvas.width - 12, Math.max(12, v));
  const showNib = (on: boolean): void => {
    nib.hidden = !on;
    nib.classList.toggle('down', keyed);
    nib.style.left = `${(100 * cursor[0]) / canvas.width}%`;
    nib.style.top = `${(100 * cursor[1]) / canvas.height}%`;
  };
  canvas.addEventListener('keydown', (event) => {
    const arrow = arrows[event.key];
    if (arrow !== undefined) cursor = [within(cursor[0] + 10 * arrow[0]), within(cursor[1] + 10 * arrow[1])];
    else if (event.key === ' ') keyed = !keyed;
    else if (event.key === 'Delete' || event.key === 'Backspace') clear();
    else return;
    event.preventDefault();
    showNib(true);
    at = keyed ? (at ?? cursor) : undefined;
    if (keyed) stroke(cursor);
  });
  canvas.addEventListener('blur', () => {
    keyed = false;
    at = undefined;
    showNib(false);
  });
  onLooks(() => {
    g.globalCompositeOperation = 'source-in';
    g.fillStyle = ink('ink');
    g.fillRect(0, 0, canvas.width, canvas.height);
    g.globalCompositeOperation = 'source-over';
    look();
  });
  element('clear').addEventListener('click', clear);

  return {
    clear,
    place: (pixels) => {
      g.clearRect(0, 0, canvas.width, canvas.height);
      const small = document.createElement('canvas');
      paintDigit(small, pixels);
      g.imageSmoothingQuality = 'high';
      g.drawImage(small, 0, 0, canvas.width, canvas.height);
      lookSoon();
    },
  };
};
