import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { TestGateway } from '../../support/gateway.ts';

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await TestGateway.start();
  await gateway.addUser();
});
afterEach(() => gateway.stop());

test('what is appended is there, byte for byte', async () => {
  const client = await gateway.signIn();
  await client.play(`
    C: a APPEND INBOX (\\Flagged $Todo) " 1-Feb-2024 12:34:56 +0100" {27}
    S: + go ahead
    C: Subject: one
    C:
    C: One body.
    C:
    S: a OK [APPENDUID … 1] appended
    C: b SELECT INBOX
    S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Todo)
    S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Todo \\*)] flags are kept
    S: * 1 EXISTS
    S: * 1 RECENT
    S: * OK [UNSEEN 1] first unseen message
    S: * OK [UIDVALIDITY …] UIDs are valid
    S: * OK [UIDNEXT 2] next UID
    S: * OK [HIGHESTMODSEQ …] highest mod-sequence
    S: b OK [READ-WRITE] selected
    C: c FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 1 FETCH (FLAGS (\\Flagged \\Recent $Todo) INTERNALDATE " 1-Feb-2024 12:34:56 +0100" RFC822.SIZE 27 BODY[] {27}
    S: Subject: one
    S:
    S: One body.
    S: )
    S: c OK fetched
    C: d LOGOUT
    S: * BYE goodbye
    S: d OK logged out
    S: (end)
  `);
  expect(gateway.errors).toEqual([]);
});
