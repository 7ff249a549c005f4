/** Shared by all projects: TypeScript is stripped by swc and run as ES modules. */
const base = {
  testEnvironment: '<rootDir>/test/support/plain-environment.ts',
  // Errors of Node's own modules come from outside jest's realm; see the file.
  setupFiles: ['<rootDir>/test/support/error-realm.ts', '<rootDir>/test/support/fixed-seed.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
};

const project = (name) => ({
  ...base,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
});

export default {
  projects: [
    project('unit'),
    { ...project('integration'), globalSetup: '<rootDir>/test/support/infra/start-synthesis.ts' },
    project('faults'),
    project('peers'),
  ],
  // Only what hangs takes so long, on the busiest machine: no test is about time.
  testTimeout: 300_000,
  // Left to itself jest keeps one core free: of two, that is half.
  maxWorkers: '100%',
  // Modules of a test file outlive it (jest holds on to what --experimental-vm-modules makes), up to gigabytes that every
  // collection walks through: files that allocate much took four times as long at the end of a run as alone.
  workerIdleMemoryLimit: '400MB',
};
