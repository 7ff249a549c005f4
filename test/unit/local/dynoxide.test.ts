import { afterEach, expect, test } from '@jest/globals';
import { dynoxideBinary } from '../../../infra/local/dynoxide.ts';

const platform = process.platform;
afterEach(() => void Object.defineProperty(process, 'platform', { value: platform }));

test('where there is no embedded DynamoDB, the error names the package and the setting that does without it', () => {
  Object.defineProperty(process, 'platform', { value: 'plan9' });
  expect(dynoxideBinary).toThrow(
    new RegExp(`@dynoxide/plan9-${process.arch}.*--dynamodb-endpoint or QUIRE_DYNAMODB_ENDPOINT`),
  );
});
