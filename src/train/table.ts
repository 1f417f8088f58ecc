// Tables as aligned text.

/**
 * Rows under a header, the first column to the left and the others to the right.
 *
 * @example
 * tableText(['class', 'F1'], [['0', '0.99'], ['1', '0.98']])
 */
export const tableText = (header: readonly string[], rows: readonly (readonly string[])[]): string => {
  const all = [header, ...rows];
  const widths = header.map((_, c) => Math.max(...all.map((row) => [...(row[c] ?? '')].length)));
  const line = (row: readonly string[]): string =>
    widths
      .map((width, c) => {
        const text = row[c] ?? '';
        const gap = ' '.repeat(width - [...text].length);
        return c === 0 ? `${text}${gap}` : `${gap}${text}`;
      })
      .join('  ')
      .trimEnd();
  return [line(header), widths.map((width) => '─'.repeat(width)).join('──'), ...rows.map(line)].join('\n');
};
