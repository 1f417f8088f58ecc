// The messages between the page and its worker.

/** What can be chosen; `best` is WebGPU where the browser has it, else WebAssembly. */
export const choices = {
  device: ['best', 'webgpu', 'wasm'],
  network: ['small', 'full'],
  batch: [16, 32, 64, 128],
} as const;

export interface Setup {
  readonly device: (typeof choices.device)[number];
  readonly network: (typeof choices.network)[number];
  readonly batch: number;
  readonly seed: number;
}

/** What the page asks of the worker. A `begin` ends the run before it. */
export type Ask =
  | { readonly kind: 'begin'; readonly setup: Setup }
  | { readonly kind: 'train'; readonly on: boolean }
  | { readonly kind: 'draw'; readonly pixels: Float32Array };

/** Digits shown with their predictions: 28 x 28 bytes each, 0 paper and 255 ink. */
export interface Samples {
  readonly pixels: Uint8Array;
  readonly labels: readonly number[];
}

/** What the worker tells. `run` counts the `begin`s, so that the page ignores what comes late from a run before. */
export type Tell = { readonly run: number } & (
  | {
      readonly kind: 'ready';
      readonly device: string;
      /** Why it is not the device wished for. */
      readonly note: string;
      readonly parameters: number;
      readonly samples: Samples;
    }
  | {
      readonly kind: 'progress';
      /** Steps done, and the losses of the last of them. */
      readonly step: number;
      readonly losses: readonly number[];
      readonly perSecond: number;
      readonly bytes: number;
    }
  | {
      readonly kind: 'accuracy';
      readonly step: number;
      /** Share of right predictions on digits that are not trained on. */
      readonly accuracy: number;
      /** Predicted classes of the samples. */
      readonly predicted: readonly number[];
    }
  | { readonly kind: 'prediction'; readonly probabilities: readonly number[] }
  | { readonly kind: 'failed'; readonly message: string }
);

/** A message without the number of its run. */
export type Told = Tell extends infer T ? (T extends Tell ? Omit<T, 'run'> : never) : never;
