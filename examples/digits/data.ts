// The 10,000 digits, cut by a fixed key into what is trained on, validated with and held out.
import {
  cut,
  selectRows,
  shuffledRows,
  toFloat32,
  toInt32,
  type Dataset,
  type IdxArray,
} from '../../src/data/index.ts';
import { orThrow, type HostArray } from '../../src/io/index.ts';
import { key } from '../../src/random/index.ts';

/** Images [n, 28, 28, 1] from 0 (paper) to 1 (ink), and their labels [n]. */
export interface Labelled extends Dataset {
  readonly x: HostArray<'float32'>;
  readonly y: HostArray<'int32'>;
}

export interface Digits {
  readonly digits: Labelled;
  /** The 7,500 rows of `digits` to train on. */
  readonly trainRows: Int32Array;
  /** 1,000 digits to validate with. */
  readonly valid: Labelled;
  /** 1,500 digits held out. */
  readonly heldOut: Labelled;
}

export const imagesFile = 't10k-images-idx3-ubyte.gz';
export const labelsFile = 't10k-labels-idx1-ubyte.gz';

export const splitDigits = async (images: IdxArray, labels: IdxArray): Promise<Digits> => {
  const x = toFloat32(images, 1 / 255);
  const digits: Labelled = { x: { ...x, shape: [...x.shape, 1] }, y: orThrow(toInt32(labels)) };
  const order = await shuffledRows(key(1998), 0, x.shape[0]!);
  const [trainRows, validRows, heldOutRows] = cut(order, [7500, 1000, 1500]);
  return {
    digits,
    trainRows: trainRows!,
    valid: selectRows(digits, validRows!),
    heldOut: selectRows(digits, heldOutRows!),
  };
};
