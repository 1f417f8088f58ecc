// Runs before every test file: property tests draw from a fixed seed, so that a failure on one machine is one on all.
import fc from 'fast-check';

const seed = Number(process.env['FC_SEED'] ?? 20_241);
const numRuns = process.env['FC_RUNS'];

fc.configureGlobal({ seed, ...(numRuns === undefined ? {} : { numRuns: Number(numRuns) }) });
