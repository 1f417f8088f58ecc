// Where an equation comes from: the user's line, and whether it computes values or cotangents. Lines outlive transforms only while debug.nans traces.
import { rememberFrame, rememberMore } from './errors.ts';

export type Phase = 'forward' | 'backward';
export type Frame = () => string | undefined;

export interface Origin {
  readonly frame?: Frame | undefined;
  readonly phase?: Phase | undefined;
}

let tracking = false;
let origin: Origin | undefined;

/** True while origins are tracked through transforms. */
export const trackingOrigins = (): boolean => tracking;

/** What an equation that is staged now shall remember. */
export const currentOrigin = (): Origin =>
  origin?.frame === undefined ? { ...origin, frame: rememberFrame() } : origin;

/** Runs f with origins tracked. */
export const trackOrigins = <A>(f: () => A): A => {
  const saved = [tracking, origin] as const;
  tracking = true;
  origin = undefined;
  try {
    return rememberMore(f);
  } finally {
    [tracking, origin] = saved;
  }
};

/** Runs f on behalf of an equation from before; what is backward stays so. */
export const withOrigin = <A>(of: Origin, f: () => A): A => {
  if (!tracking) return f();
  const saved = origin;
  origin = {
    frame: of.frame ?? saved?.frame,
    phase: saved?.phase === 'backward' ? 'backward' : (of.phase ?? saved?.phase),
  };
  try {
    return f();
  } finally {
    origin = saved;
  }
};

/** Runs a function of the user that a transform calls: its operations have lines of their own. */
export const withOwnLines = <A>(f: () => A): A => {
  if (!tracking) return f();
  const saved = origin;
  origin = { phase: saved?.phase };
  try {
    return f();
  } finally {
    origin = saved;
  }
};
