// The arrows of ARCHITECTURE.md, checked: who may import whom. Type imports count as imports.
const anything = '^src/';
const only = (name, from, allowed, comment, except = []) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, ...(except.length > 0 ? { pathNot: except } : {}) },
  to: { path: anything, pathNot: allowed },
});

const core = '^src/core/';
const transforms = ['^src/(grad|vmap|control)/index[.]ts$', '^src/public[.]ts$'];
/** What a user could import as well, from which the library's own upper floors are made. */
const publicSurface = [core, ...transforms, '^src/random/'];

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    only('core-stands-alone', core, [core], 'core imports nothing of ours'),
    only('grad-on-core', '^src/grad/', [core, '^src/grad/'], 'grad knows core alone'),
    only('vmap-on-core', '^src/vmap/', [core, '^src/vmap/'], 'vmap knows core alone', ['^src/vmap/jacobian[.]ts$']),
    only(
      'jacobians-on-grad-and-vmap',
      '^src/vmap/jacobian[.]ts$',
      [core, '^src/(grad|vmap)/'],
      'jacobians are made of both: a derivative along each of a batch of directions',
    ),
    only(
      'control-on-transforms',
      '^src/control/',
      [core, '^src/(grad|vmap|control)/'],
      'primitives that hold programs or rules of the user: made of core and both transforms, below jit',
    ),
    only(
      'jit-on-core',
      '^src/jit/',
      [core, '^src/jit/'],
      'jit knows core alone; only the functions users call (jit.ts) bind the call primitive',
      ['^src/jit/jit[.]ts$'],
    ),
    only('jit-api', '^src/jit/jit[.]ts$', [core, '^src/(jit|control)/'], 'jit.ts: no backend'),
    only('reference-on-core', '^src/reference/', [core, '^src/reference/', '^src/jit/'], 'the oracle knows programs'),
    only(
      'wasm-on-kernels',
      '^src/wasm/',
      [core, '^src/jit/', '^src/wasm/'],
      'a backend knows programs, kernels and the backend interface, never a transform or the other backend',
    ),
    only(
      'wgsl-on-kernels',
      '^src/wgsl/',
      [core, '^src/jit/', '^src/wgsl/'],
      'a backend knows programs, kernels and the backend interface, never a transform or the other backend',
    ),
    {
      name: 'backends-know-no-transform',
      comment: 'jit.ts pulls in grad and vmap, so a backend must not reach it',
      severity: 'error',
      from: { path: '^src/(wasm|wgsl)/' },
      to: { path: '^src/jit/(jit|inspect)[.]ts$' },
    },
    only('random-on-core', '^src/random/', [...publicSurface], 'random is made of public operations'),
    only('nn-on-public', '^src/nn/', [...publicSurface, '^src/nn/'], 'nn is made of public operations'),
    only('optim-on-public', '^src/optim/', [...publicSurface, '^src/optim/'], 'optim is made of public operations'),
    only('io-on-public', '^src/io/', [...publicSurface, '^src/io/'], 'io is made of public operations'),
    only(
      'data-on-public',
      '^src/data/',
      [...publicSurface, '^src/data/', '^src/io/'],
      'data: public operations and io',
    ),
    only(
      'train-on-public',
      '^src/train/',
      [...publicSurface, '^src/(train|nn|optim|io|data)/'],
      'train: public operations and the floors below',
    ),
    only(
      'testing-on-public',
      '^src/testing/',
      [...publicSurface, '^src/testing/', '^src/reference/', '^src/grad/', '^src/vmap/'],
      'testing: public operations and the oracle',
    ),
    {
      name: 'nobody-imports-the-entry',
      comment: 'the entry installs the default evaluator; importing it from within would smuggle in a side effect',
      severity: 'error',
      from: { path: anything },
      to: { path: '^src/index[.]ts$' },
    },
    {
      name: 'fp-ts-by-its-index',
      comment: "'fp-ts/Either' type-checks and then fails in plain Node ESM",
      severity: 'error',
      from: {},
      to: { path: 'node_modules/fp-ts/.+', pathNot: 'node_modules/fp-ts/(lib|es6)/index[.](d[.]ts|js)$' },
    },
    {
      name: 'fp-ts-off-the-hot-path',
      comment: 'fp-ts costs the root entry start-up time and bundle size',
      severity: 'error',
      from: { path: '^src/(core|grad|vmap|jit|wasm|reference)/' },
      to: { path: 'node_modules/fp-ts/' },
    },
    {
      name: 'node-only-where-node-is',
      comment: 'the library runs in a browser; only cotangent/node may import Node itself',
      severity: 'error',
      from: { path: '^src/(?!node/)' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'only-declared-packages',
      severity: 'error',
      from: { path: anything },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm-peer'],
        pathNot: 'node_modules/@(webgpu/)?types/',
      },
    },
    {
      name: 'optional-peers-in-their-floor',
      comment: 'a user without fast-check or Dawn must be able to load everything else',
      severity: 'error',
      from: { path: anything, pathNot: '^src/(testing|node)/' },
      to: { path: 'node_modules/(fast-check|webgpu)/' },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
