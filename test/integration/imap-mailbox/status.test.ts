import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { inVariants } from '../../support/conformance.ts';
import { TestGateway } from '../../support/gateway.ts';
import { whileLoading } from '../../support/under-way.ts';

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

  test('STATUS tells every item', async () => {
    const client = await gateway.signIn();
    await client.append('INBOX', 'Subject: one\r\n\r\nbody', '(\\Seen)');
    await client.append('INBOX', 'Subject: two\r\n\r\nbody', '(\\Deleted)');
    await client.play(`
    C: a STATUS inbox (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)
    S: * STATUS INBOX (MESSAGES 2 RECENT 2 UIDNEXT 3 UIDVALIDITY 1767225600 UNSEEN 1)
    S: a OK status told
    C: b STATUS INBOX (SIZE DELETED HIGHESTMODSEQ APPENDLIMIT MESSAGES MESSAGES)
    S: * STATUS INBOX (SIZE 40 DELETED 1 HIGHESTMODSEQ 3072 APPENDLIMIT 41943040 MESSAGES 2)
    S: b OK status told
  `);
  });

  test('STATUS is refused with the reason', async () => {
    const client = await gateway.signIn();
    await client.play(`
    C: a STATUS nowhere (MESSAGES)
    S: a NO [NONEXISTENT] …
    C: b STATUS INBOX
    S: b BAD …
    C: c STATUS INBOX ()
    S: c BAD …
    C: d STATUS INBOX (NONSENSE)
    S: d BAD …
    C: e STATUS INBOX (MAILBOX)
    S: e BAD …
    C: f STATUS INBOX (MESSAGES) x
    S: f BAD …
  `);
  });

  test('RECENT counts what nobody has heard of, also when it has to be counted', async () => {
    const client = await gateway.signIn();
    await client.append('Junk', 'Subject: one\r\n\r\nbody');
    await client.append('Junk', 'Subject: two\r\n\r\nbody');
    const reader = await gateway.signIn('Junk');
    await client.play(`
    C: a STATUS Junk (RECENT)
    S: * STATUS Junk (RECENT 0)
    S: a OK status told
  `);
    await reader.play(`
    C: a STATUS Junk (RECENT)
    S: * STATUS Junk (RECENT 2)
    S: a OK status told
    C: b UNSELECT
    S: b OK unselected
  `);
    await client.append('Junk', 'Subject: three\r\n\r\nbody');
    await client.play(`
    C: a STATUS Junk (RECENT MESSAGES)
    S: * STATUS Junk (RECENT 1 MESSAGES 3)
    S: a OK status told
  `);
    // Another gateway knows the floor from the journal alone, and has none of the messages loaded.
    const account = gateway.logins.get('alice@example.test')?.account;
    const second = await TestGateway.start({ journal: gateway.journal, blobs: gateway.blobs, variant });
    try {
      if (account) await second.admit('alice@example.test', account);
      const there = await second.signIn();
      await there.play(`
      C: a STATUS Junk (RECENT)
      S: * STATUS Junk (RECENT 1)
      S: a OK status told
    `);
    } finally {
      await second.stop();
    }
  });

  test('STATUS tells of one moment, even if another session expunges before what is deleted is counted', async () => {
    const client = await gateway.signIn();
    const other = await gateway.signIn();
    for (let index = 0; index < 2; index++)
      await client.append('Junk', 'Subject: one\r\n\r\nbody', '(\\Deleted)');
    await other.run('SELECT Junk');
    whileLoading(gateway, async () => {
      await other.run('UID EXPUNGE 1');
    });
    await client.play(`
    C: a STATUS Junk (MESSAGES DELETED DELETED-STORAGE SIZE RECENT)
    S: * STATUS Junk (MESSAGES 1 DELETED 1 DELETED-STORAGE 20 SIZE 20 RECENT 0)
    S: a OK status told
  `);
  });

  test('STATUS tells of who has the name, even if another session renames the mailbox before what is deleted is counted', async () => {
    const client = await gateway.signIn();
    const other = await gateway.signIn();
    await client.append('Junk', 'Subject: one\r\n\r\nbody', '(\\Deleted)');
    whileLoading(gateway, async () => {
      await other.run('RENAME Junk Waste');
      await other.run('CREATE Junk');
    });
    await client.play(`
    C: a STATUS Junk (MESSAGES DELETED-STORAGE)
    S: * STATUS Junk (MESSAGES 0 DELETED-STORAGE 0)
    S: a OK status told
  `);
  });

  test('STATUS (HIGHESTMODSEQ) enables CONDSTORE (RFC 7162 §3.1)', async () => {
    const client = await gateway.signIn('INBOX');
    const other = await gateway.signIn('INBOX');
    await client.append('INBOX', 'Subject: one\r\n\r\nbody');
    await client.run('NOOP');
    await other.run('NOOP');
    await client.play(`
    C: a STATUS Sent (HIGHESTMODSEQ)
    S[plain uidonly tls]: * OK [HIGHESTMODSEQ 2048] …
    S: * STATUS Sent (HIGHESTMODSEQ 1026)
    S: a OK status told
  `);
    // Sets \\Seen, of which the client is told with the mod-sequence.
    await other.run('UID FETCH 1 BODY[]');
    await client.play(`
    C: b NOOP
    S: * 1 FETCH (UID 1 …MODSEQ (…)…
    S: b OK …
  `);
  });
});
