import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { inVariants } from '../../support/conformance.ts';
import { TestGateway } from '../../support/gateway.ts';

let gateway: TestGateway;
inVariants((variant) => {
  beforeEach(async () => {
    gateway = await TestGateway.start({ variant });
    await gateway.addUser();
  });
  afterEach(async () => {
    await gateway.stop();
    expect(gateway.errors).toEqual([]);
  });

  test('NAMESPACE tells of the personal namespace, and of no other (RFC 2342)', async () => {
    const client = await gateway.signIn();
    await client.play(`
    C: a NAMESPACE
    S: * NAMESPACE (("" "/")) (("#user/" "/")) NIL
    S: a OK namespaces told
    C: b NAMESPACE x
    S: b BAD …
  `);
  });

  test('CAPABILITY tells of everything that these commands can do', async () => {
    const client = await gateway.signIn();
    const [capability = ''] = await client.run('CAPABILITY');
    expect(capability.split(' ')).toEqual(
      expect.arrayContaining([
        'CHILDREN',
        'CREATE-SPECIAL-USE',
        'LIST-EXTENDED',
        'LIST-STATUS',
        'NAMESPACE',
        'SPECIAL-USE',
        'STATUS=SIZE',
      ]),
    );
  });
});
