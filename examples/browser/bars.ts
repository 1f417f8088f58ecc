// The prediction: a bar for each digit, and the verdict in words.
import { element } from './dom.ts';

export interface Bars {
  readonly show: (probabilities: readonly number[]) => void;
  readonly clear: () => void;
}

const percent = (share: number): string => `${Math.round(100 * share)}%`;

export const createBars = (): Bars => {
  const all = element('bars');
  const verdict = element('verdict');
  const rows = Array.from({ length: 10 }, (_, digit) => {
    const row = document.createElement('div');
    row.className = 'guess';
    const [name, bar, share] = [
      document.createElement('span'),
      document.createElement('i'),
      document.createElement('b'),
    ];
    name.textContent = String(digit);
    row.append(name, bar, share);
    all.append(row);
    return { row, share };
  });
  const set = (probabilities: readonly number[] | undefined): void => {
    const best = probabilities?.indexOf(Math.max(...probabilities)) ?? -1;
    rows.forEach(({ row, share }, digit) => {
      const p = probabilities?.[digit] ?? 0;
      row.style.setProperty('--share', String(p));
      row.classList.toggle('best', digit === best);
      share.textContent = probabilities === undefined ? '' : percent(p);
    });
    const said = best < 0 ? 'Nothing drawn yet.' : `Looks like a ${best}, ${percent(probabilities![best]!)} sure.`;
    if (verdict.textContent !== said) verdict.textContent = said;
    all.setAttribute(
      'aria-label',
      best < 0
        ? 'No prediction yet'
        : `Probabilities: ${probabilities!.map((p, i) => `${i}: ${percent(p)}`).join(', ')}`,
    );
  };
  set(undefined);
  return { show: set, clear: () => set(undefined) };
};
