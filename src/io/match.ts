// What a file holds against what a program expects, by name: every mismatch at once.
import { either as E, readonlyArray as RA, readonlyNonEmptyArray as RNEA } from 'fp-ts';
import { sameShape, showShape } from '../core/aval.ts';
import { IoError } from './error.ts';
import { showSpec, type HostArray } from './host.ts';

/** What is expected under a name. */
export type Spec = Pick<HostArray, 'dtype' | 'shape'>;

/** One thing that does not fit. A name with the wrong shape and the wrong dtype gives two. */
export type Mismatch =
  | { readonly kind: 'missing'; readonly name: string; readonly expected: Spec }
  | { readonly kind: 'extra'; readonly name: string; readonly found: Spec }
  | { readonly kind: 'shape' | 'dtype'; readonly name: string; readonly expected: Spec; readonly found: Spec }
  | { readonly kind: 'static'; readonly name: string; readonly expected: string; readonly found: string };

/** A mismatch in a line of words. */
export const showMismatch = (m: Mismatch): string => {
  switch (m.kind) {
    case 'missing':
      return `${m.name}: missing, expected ${showSpec(m.expected)}`;
    case 'extra':
      return `${m.name}: not expected, found ${showSpec(m.found)}`;
    case 'shape':
      return `${m.name}: shape ${showShape(m.found.shape)}, expected ${showShape(m.expected.shape)}`;
    case 'dtype':
      return `${m.name}: dtype ${m.found.dtype}, expected ${m.expected.dtype}`;
    case 'static':
      return `${m.name}: ${m.found} when it was saved, expected ${m.expected}`;
  }
};

/** A checkpoint that does not fit its template; `mismatches` holds every reason, as data. */
export class MismatchError extends IoError {
  readonly mismatches: RNEA.ReadonlyNonEmptyArray<Mismatch>;

  constructor(mismatches: RNEA.ReadonlyNonEmptyArray<Mismatch>, path?: string) {
    const lines = mismatches.map((m) => `\n  ${showMismatch(m)}`).join('');
    const count = `${mismatches.length} ${mismatches.length === 1 ? 'mismatch' : 'mismatches'}:${lines}\n`;
    super({
      format: 'checkpoint',
      what: 'it does not fit the template',
      where: path === undefined ? count : `${path}, ${count}`,
    });
    this.name = 'MismatchError';
    this.mismatches = mismatches;
  }

  override in(path: string): MismatchError {
    return new MismatchError(this.mismatches, path);
  }
}

const validation = E.getApplicativeValidation(RNEA.getSemigroup<Mismatch>());
const all = RA.sequence(validation);

/** The mismatches of one array, none, one or two of them. */
const compare = (
  name: string,
  expected: Spec,
  found: HostArray | undefined,
): E.Either<RNEA.ReadonlyNonEmptyArray<Mismatch>, HostArray> => {
  if (found === undefined) return E.left([{ kind: 'missing', name, expected }]);
  const wrong = (kind: 'shape' | 'dtype', same: boolean): E.Either<RNEA.ReadonlyNonEmptyArray<Mismatch>, HostArray> =>
    same ? E.right(found) : E.left([{ kind, name, expected, found }]);
  return E.map(() => found)(
    all([wrong('shape', sameShape(expected.shape, found.shape)), wrong('dtype', expected.dtype === found.dtype)]),
  );
};

/**
 * The arrays that `expected` names, in its order, or every mismatch: missing, of another shape, of another dtype and,
 * unless `extra` is `'ignore'`, not expected at all. `more` holds mismatches found elsewhere, reported with these.
 */
export const matchArrays = (
  expected: readonly (readonly [name: string, spec: Spec])[],
  found: ReadonlyMap<string, HostArray>,
  extra: 'refuse' | 'ignore' = 'refuse',
  more: readonly Mismatch[] = [],
): E.Either<RNEA.ReadonlyNonEmptyArray<Mismatch>, readonly HostArray[]> => {
  const names = new Set(expected.map(([name]) => name));
  const unasked = extra === 'ignore' ? [] : [...found].filter(([name]) => !names.has(name));
  const refused: readonly Mismatch[] = [
    ...unasked.map(([name, array]): Mismatch => ({ kind: 'extra', name, found: array })),
    ...more,
  ];
  const matched = all(expected.map(([name, spec]) => compare(name, spec, found.get(name))));
  const rest: E.Either<RNEA.ReadonlyNonEmptyArray<Mismatch>, void> = RA.isNonEmpty(refused)
    ? E.left(refused)
    : E.right(undefined);
  return validation.ap(
    validation.map(matched, (arrays) => () => arrays),
    rest,
  );
};
