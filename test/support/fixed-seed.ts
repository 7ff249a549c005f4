/** Property tests draw the same cases in every run; another seed is a hunt: `QUIRE_SEED=7 npm test`. */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.QUIRE_SEED ?? 1) });
