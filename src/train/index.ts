// The entry point `cotangent/train`: reducers and pictures for the user's own loop.
export { confusionSvg, confusionText, type Confusion, type ConfusionOptions } from './confusion.ts';
export type { Panel } from './curves.ts';
export { curvesSvg, type SvgOptions } from './curves-svg.ts';
export { curvesText, type TextOptions } from './curves-text.ts';
export { earlyStopping, improves, observe, type EarlyStopping, type EarlyStoppingOptions } from './early-stopping.ts';
export { evaluate } from './evaluate.ts';
export { record, series, type History, type Row, type Series } from './history.ts';
export { advance, progressLine, showMetric, startProgress, type LineOptions, type Progress } from './progress.ts';
export { snapshot } from './snapshot.ts';
export { tableText } from './table.ts';
