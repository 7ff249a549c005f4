import { test, expect } from '@jest/globals';
test('the runtime is Node 24', () => { expect(process.versions.node).toMatch(/^24\./); });
