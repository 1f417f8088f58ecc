// Pictures of curves and confusion matrices: well-formed SVG and readable text for any numbers, and what they show.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  confusionSvg,
  confusionText,
  curvesSvg,
  curvesText,
  series,
  tableText,
  type Panel,
} from '../../src/train/index.ts';
import { linearAxis, logAxis } from '../../src/train/ticks.ts';

/** Fails unless the text is well-formed XML of elements, quoted attributes and escaped text. */
const checkXml = (text: string): void => {
  const open: string[] = [];
  const token = /<(\/?)([a-zA-Z]+)((?:\s[\w:-]+="[^"<]*")*)(\/?)>|([^<]+)/gy;
  let end = 0;
  for (const [all, closing, name, attributes, empty, content] of text.matchAll(token)) {
    end += all.length;
    expect(`${attributes ?? ''}${content ?? ''}`.replace(/&(?:amp|lt|gt|quot);/g, '')).not.toMatch(
      /[&]|NaN|Infinity|undefined/,
    );
    if (name === undefined) continue;
    if (closing === '/') expect(open.pop()).toBe(name);
    else if (empty === '') open.push(name);
  }
  expect([end, open]).toEqual([text.length, []]);
  expect(text).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u);
};

const value = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, 1, NaN, Infinity, -Infinity, 1e308, -1e308, 5e-324),
  fc.integer({ min: -5, max: 5 }),
);
const name = fc.string({ unit: 'binary', maxLength: 8 }).filter((s) => !/NaN|Infinity|undefined/.test(s));
const panel: fc.Arbitrary<Panel> = fc.record(
  {
    title: name,
    x: name,
    y: name,
    scale: fc.constantFrom('linear', 'log'),
    series: fc.array(fc.record({ name, points: fc.array(fc.tuple(value, value), { maxLength: 12 }) }), {
      maxLength: 4,
    }),
  },
  { requiredKeys: ['series'] },
);

describe('any curves', () => {
  it('make well-formed SVG', () => {
    fc.assert(
      fc.property(fc.array(panel, { maxLength: 3 }), (panels) =>
        checkXml(curvesSvg(panels).replace(/last -?(?:NaN|Infinity)/g, '')),
      ),
      { numRuns: 300 },
    );
  });
  it('make text of the asked height', () => {
    fc.assert(
      fc.property(panel, fc.integer({ min: 4, max: 20 }), (p, height) => {
        const plain = {
          series: p.series.map((s, i) => ({ ...s, name: `s${i}` })),
          ...(p.scale === undefined ? {} : { scale: p.scale }),
        };
        expect(curvesText(plain, { height }).split('\n').length).toBe(height + 2);
      }),
      { numRuns: 300 },
    );
  });
});

describe('curves', () => {
  const history = [1, 2, 3, 4, 5].map((epoch) => ({ epoch, loss: 1 / epoch, valid: 0.9 / epoch + 0.1 }));
  const panel: Panel = {
    title: 'loss',
    x: 'epoch',
    series: [series(history, 'epoch', 'loss', 'train'), series(history, 'epoch', 'valid')],
  };

  it('are readable in a terminal', () => {
    expect(curvesText(panel, { width: 50, height: 8 })).toMatchInlineSnapshot(`
      "     loss
      1.0 ┤⠑⢄
          │  ⠙⢤
          │    ⠙⢤⢀
          │      ⠑⢔⠠⢀
      0.5 ┤        ⠉⠒⠪⠬⣐⣐⠠⢀⢀⢀
          │              ⠉⠑⠒⠒⠬⠬⠬⠬⣐⣐⣐⡐⠐⠠⠠⠠⠠⠠ valid 0.2800
          │                         ⠈⠉⠉⠉⠑⠒⠒ train 0.2000
      0.0 ┤
          └┬───────┬───────┬──────┬───────┬
           1       2       3      4       5  epoch"
    `);
    expect(curvesText({ ...panel, scale: 'log' }, { width: 50, height: 6 })).toMatchInlineSnapshot(`
      "     loss
        1 ┤⠉⠒⠤⣀⢀
          │    ⠉⠙⠲⢤⣠⢀⢀⢀
          │         ⠉⠉⠒⠚⠬⠬⣐⣐⡐⠠⠠⠠⠠⢀⢀⢀
          │                 ⠈⠉⠉⠒⠒⠢⠤⠤⢌⣈⣈⣈⡐⠐⠐ valid 0.2800
          │                             ⠈⠉⠉ train 0.2000
      0.1 ┤
          └┬───────┬───────┬──────┬───────┬
           1       2       3      4       5  epoch"
    `);
  });
  it('keep to the width, each line of text', () => {
    for (const width of [40, 72, 120])
      for (const line of curvesText(panel, { width }).split('\n')) expect([...line].length).toBeLessThanOrEqual(width);
  });
  it('have colours where asked, and no escape codes where not', () => {
    expect(curvesText(panel, { colour: true })).toContain('\u001b[34m');
    expect(curvesText(panel)).not.toContain('\u001b');
  });
  it('fall where the values fall: left to right, and up for larger ones', () => {
    const line = (points: [number, number][]): string[] =>
      curvesText({ series: [{ name: '', points }] }, { width: 40, height: 4 }).split('\n');
    const rising = line([
      [0, 0],
      [1, 1],
    ]);
    const falling = line([
      [0, 1],
      [1, 0],
    ]);
    const inked = (row: string): number => row.search(/[\u2801-\u28ff]/);
    expect(inked(rising[0] as string)).toBeGreaterThan(inked(rising[3] as string));
    expect(inked(falling[0] as string)).toBeLessThan(inked(falling[3] as string));
  });
  it('as SVG name their axes, their series and the last values, and escape what they are told', () => {
    const svg = curvesSvg([
      { ...panel, y: 'nats' },
      { title: 'a < b & "c"', series: [{ name: '<x>', points: [[0, 1]] }] },
    ]);
    checkXml(svg);
    for (const text of [
      '>loss<',
      '>epoch<',
      '>nats<',
      '>train (last 0.2000)<',
      '>valid (last 0.2800)<',
      '>a &lt; b &amp; &quot;c&quot;<',
      '>&lt;x&gt; (last 1.0000)<',
    ])
      expect(svg).toContain(text);
    expect(svg.match(/<polyline/g)?.length).toBe(2);
    expect(svg.match(/<circle/g)?.length).toBe(1);
  });
  it('leave a gap at a NaN, and say so where there is nothing to show', () => {
    const broken: Panel = {
      series: [
        {
          name: 's',
          points: [
            [0, 1],
            [1, 2],
            [2, NaN],
            [3, 1],
            [4, 2],
          ],
        },
      ],
    };
    expect(curvesSvg(broken).match(/<polyline/g)?.length).toBe(2);
    const none: Panel = { series: [{ name: 's', points: [[0, NaN]] }] };
    expect(curvesSvg(none)).toContain('no data');
    expect(curvesText(none)).toContain('no data');
    expect(curvesSvg([])).toContain('<svg');
  });
  it('on a log axis leave out what is not positive', () => {
    expect(
      curvesSvg({
        scale: 'log',
        series: [
          {
            name: 's',
            points: [
              [0, 0],
              [1, 0.5],
              [2, 5],
            ],
          },
        ],
      }),
    ).not.toContain('<circle');
  });
});

describe('axes', () => {
  it.each([
    [
      [0, 1],
      ['0.0', '0.2', '0.4', '0.6', '0.8', '1.0'],
    ],
    [
      [3, 97],
      ['0', '20', '40', '60', '80', '100'],
    ],
    [
      [-0.013, 0.021],
      ['-0.02', '-0.01', '0.00', '0.01', '0.02', '0.03'],
    ],
    [
      [5, 5],
      ['2', '3', '4', '5', '6', '7', '8'],
    ],
    [
      [0, 0],
      ['-1.0', '-0.5', '0.0', '0.5', '1.0'],
    ],
    [
      [0, 3e7],
      ['0', '1.0e+7', '2.0e+7', '3.0e+7'],
    ],
  ])('%j are marked with round numbers', (values, labels) => {
    const axis = linearAxis(values, { round: true });
    expect(axis.ticks.map(axis.label)).toEqual(labels);
  });
  it('of whole numbers have whole marks', () => {
    const axis = linearAxis([1, 4], { count: 8, whole: true });
    expect(axis.ticks.map(axis.label)).toEqual(['1', '2', '3', '4']);
  });
  it('of logarithms have powers of ten', () => {
    const axis = logAxis([0.004, 2]);
    expect(axis.ticks.map(axis.label)).toEqual(['0.001', '0.01', '0.1', '1', '10']);
    expect(axis.place(0.1)).toBeCloseTo(0.5);
  });
});

describe('confusion matrices', () => {
  it('are readable in a terminal', () => {
    expect(
      confusionText(
        [
          [9, 1, 0],
          [0, 5, 0],
          [2, 0, 0],
        ],
        { labels: ['cat', 'dog', 'eel'], title: 'pets' },
      ),
    ).toMatchInlineSnapshot(`
      "pets
      actual \\ predicted    cat    dog  eel  recall
      ─────────────────────────────────────────────
      cat                     9      1    ·   90.0%
      dog                     ·      5    ·    100%
      eel                     2      ·    ·    0.0%
      precision           81.8%  83.3%    -   82.4%"
    `);
  });
  it('say - for a class that never occurs or is never predicted', () => {
    expect(
      confusionText([
        [2, 0],
        [0, 0],
      ]),
    ).toMatch(/^1 .*-$/m);
  });
  it('as SVG show every count and label', () => {
    const svg = confusionSvg(
      [
        [9, 123],
        [0, 5],
      ],
      { labels: ['<a>', 'b'] },
    );
    checkXml(svg);
    for (const text of ['>9<', '>123<', '>5<', '>&lt;a&gt;<', '>predicted<', '>actual<']) expect(svg).toContain(text);
  });
  it('of any counts are well-formed', () => {
    const square = fc
      .nat({ max: 6 })
      .chain((n) => fc.array(fc.array(fc.nat(), { minLength: n, maxLength: n }), { minLength: n, maxLength: n }));
    fc.assert(
      fc.property(square, (matrix) => {
        checkXml(confusionSvg(matrix));
        expect(confusionText(matrix).split('\n').length).toBe(matrix.length + 3);
      }),
    );
  });
  it('must be square, with a label a class', () => {
    expect(() => confusionText([[1, 2]])).toThrow(
      'confusionText: the matrix has 1 rows, and one has 2 columns; it must be square',
    );
    expect(() => confusionSvg([[1]], { labels: ['a', 'b'] })).toThrow('confusionSvg: 2 labels for 1 classes');
  });
});

it('tables align', () => {
  expect(
    tableText(
      ['class', 'F1'],
      [
        ['a', '0.5'],
        ['long', '1'],
      ],
    ),
  ).toBe('class   F1\n──────────\na      0.5\nlong     1');
});
