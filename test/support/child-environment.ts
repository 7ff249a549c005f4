import path from 'node:path';

/** Where Node keeps modules that it has compiled, as the command does for itself: it is most of what a start takes. */
export const COMPILE_CACHE = {
  NODE_COMPILE_CACHE: path.join(import.meta.dirname, '../../node_modules/.cache/quire'),
};

/** The environment of a process that is started for a test or a hunt: without the settings of whoever runs it. */
export const CHILD_ENVIRONMENT = { PATH: process.env.PATH, ...COMPILE_CACHE };
