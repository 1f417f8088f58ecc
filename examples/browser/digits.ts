// The digits, fetched and unpacked by the worker.
import { decodeIdx, gunzip, isGzip, type IdxArray } from 'cotangent/data';
import { orThrow } from 'cotangent/io';
import { splitDigits, type Digits } from '../digits/data.ts';

const idx = async (url: URL): Promise<IdxArray> => {
  const response = await fetch(url);
  if (!response.ok)
    throw new Error(`The digits did not load: ${response.status} ${response.statusText} at ${url.pathname}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  // Some servers call the file an encoding, and the browser has unpacked it then.
  return orThrow(decodeIdx(isGzip(bytes) ? orThrow(await gunzip(bytes)()) : bytes));
};

export const fetchDigits = async (): Promise<Digits> => {
  const [images, labels] = await Promise.all([
    idx(new URL('../data/mnist/t10k-images-idx3-ubyte.gz', import.meta.url)),
    idx(new URL('../data/mnist/t10k-labels-idx1-ubyte.gz', import.meta.url)),
  ]);
  return splitDigits(images, labels);
};
