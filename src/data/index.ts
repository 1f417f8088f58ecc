// The entry point `cotangent/data`: readers of IDX and CSV, data sets, standardising, shuffling and batches.
export { batchAt, batchCount, batches, type Batch, type BatchOptions } from './batches.ts';
export {
  labelCell,
  numberCell,
  optionalCell,
  readColumns,
  textCell,
  type Cell,
  type Columns,
  type Schema,
} from './columns.ts';
export { encodeCsv, parseCsv, type CsvOptions } from './csv.ts';
export { gunzip, isGzip } from './gzip.ts';
export { decodeIdx, encodeIdx, toFloat32, toInt32, type IdxArray, type IdxType } from './idx.ts';
export { countRows, cut, selectRows, takeRows, type Dataset } from './rows.ts';
export { shuffledRows } from './shuffle.ts';
export { fitMoments, standardise, type Moments } from './standardise.ts';
