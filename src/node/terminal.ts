// A line of a terminal that is written over and over: progress where somebody watches, sparse lines in a log.

/** Where a status line goes; `process.stderr` is one. */
export interface LineStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Shows the current state of something in one line. */
export interface StatusLine {
  /** Show this instead of what is there. Too soon after the last one it is skipped. */
  readonly show: (line: string) => void;
  /** Let the last line stand, and go on below it. `line` replaces it first. */
  readonly end: (line?: string) => void;
}

// Ten times a second is smooth; a log wants a line now and then.
const watched = 100;
const logged = 10_000;

/**
 * A status line on a stream. A terminal shows each line in place of the one before, cut to its width; a file or a pipe gets
 * a line every ten seconds and the last one. `now` is a clock in milliseconds.
 *
 * @example
 * const status = statusLine(process.stderr);
 * for (const epoch of [1, 2, 3]) status.show(`epoch ${epoch}/3`);
 * status.end('done');
 */
export const statusLine = (stream: LineStream, now: () => number = () => performance.now()): StatusLine => {
  const terminal = stream.isTTY === true;
  let last = terminal ? -Infinity : now();
  let current: string | undefined;
  // Cut by whole characters, one short of the edge, where some terminals would wrap.
  const put = (line: string): void => {
    stream.write(
      terminal ? `\r\u001b[2K${[...line].slice(0, Math.max(1, (stream.columns ?? 80) - 1)).join('')}` : `${line}\n`,
    );
    last = now();
  };
  return {
    show: (line) => {
      current = line;
      if (now() - last < (terminal ? watched : logged)) return;
      put(line);
      if (!terminal) current = undefined;
    },
    end: (line = current) => {
      if (line !== undefined) put(line);
      if (terminal && line !== undefined) stream.write('\n');
      current = undefined;
      last = terminal ? -Infinity : now();
    },
  };
};
