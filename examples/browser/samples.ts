// Digits that are not trained on, each with what the network takes it for, right or wrong marked by sign and colour.
import { element, onLooks, paintDigit } from './dom.ts';
import type { Samples } from './protocol.ts';

export interface SampleList {
  readonly set: (samples: Samples) => void;
  readonly predict: (predicted: readonly number[]) => void;
}

const mark = (right: boolean): SVGElement => {
  const [svg, use] = (['svg', 'use'] as const).map((tag) =>
    document.createElementNS('http://www.w3.org/2000/svg', tag),
  );
  use!.setAttribute('href', right ? '#mark-right' : '#mark-wrong');
  svg!.setAttribute('aria-hidden', 'true');
  svg!.append(use!);
  return svg!;
};

/** @param chosen Called with the pixels of a sample that is pressed. */
export const createSamples = (chosen: (pixels: Uint8Array) => void): SampleList => {
  const list = element('samples');
  const score = element('samples-score');
  let labels: readonly number[] = [];
  let tiles: { readonly button: HTMLButtonElement; readonly text: HTMLElement; readonly paint: () => void }[] = [];
  onLooks(() => tiles.forEach(({ paint }) => paint()));

  return {
    set: (samples) => {
      labels = samples.labels;
      score.textContent = '';
      tiles = labels.map((label, i) => {
        const pixels = samples.pixels.subarray(784 * i, 784 * (i + 1));
        const [item, button] = [document.createElement('li'), document.createElement('button')];
        const [canvas, text] = [document.createElement('canvas'), document.createElement('span')];
        button.type = 'button';
        button.setAttribute('aria-label', `A ${label}, put it on the pad`);
        text.textContent = '–';
        button.append(canvas, text);
        button.addEventListener('click', () => chosen(pixels));
        item.append(button);
        const paint = (): void => paintDigit(canvas, pixels);
        paint();
        return { button, text, paint };
      });
      list.replaceChildren(...tiles.map(({ button }) => button.parentElement!));
    },
    predict: (predicted) => {
      tiles.forEach(({ button, text }, i) => {
        const [label, guess] = [labels[i]!, predicted[i]!];
        const right = label === guess;
        button.className = right ? 'right' : 'wrong';
        text.replaceChildren(String(guess), mark(right));
        button.setAttribute(
          'aria-label',
          `A ${label}, taken for a ${guess}${right ? '' : ', wrongly'}; put it on the pad`,
        );
        button.title = right ? `a ${label}, recognised` : `a ${label}, taken for a ${guess}`;
      });
      const hits = predicted.filter((guess, i) => guess === labels[i]).length;
      score.textContent = `${hits} of ${labels.length} right`;
    },
  };
};
