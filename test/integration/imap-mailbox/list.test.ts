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

  test('LIST of a new account, as clients ask first', async () => {
    const client = await gateway.signIn();
    await client.play(`
    C: a LIST "" ""
    S: * LIST (\\Noselect) "/" ""
    S: a OK mailboxes listed
    C: b LIST "" *
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: * LIST (\\HasNoChildren \\Archive) "/" Archive
    S: * LIST (\\HasNoChildren \\Drafts) "/" Drafts
    S: * LIST (\\HasNoChildren \\Junk) "/" Junk
    S: * LIST (\\HasNoChildren \\Sent) "/" Sent
    S: * LIST (\\HasNoChildren \\Trash) "/" Trash
    S: b OK mailboxes listed
    C: c LIST "" inbox
    S: * LIST (\\HasNoChildren) "/" INBOX
    S: c OK mailboxes listed
    C: d LIST foo/bar ""
    S: * LIST (\\Noselect) "/" ""
    S: d OK mailboxes listed
    C: e LIST "#user/ada@example.test/Lists" ""
    S: * LIST (\\Noselect) "/" #user/
    S: e OK mailboxes listed
    C: f LSUB "#user/" ""
    S: * LSUB (\\Noselect) "/" #user/
    S: f OK subscriptions listed
  `);
  });

  test('LIST before sign-in, and LIST that makes no sense', async () => {
    const stranger = await gateway.connect();
    await stranger.play(`
    C: a LIST "" *
    S: a BAD sign in before LIST
  `);
    const client = await gateway.signIn();
    await client.play(`
    C: a LIST ""
    S: a BAD …
    C: b LIST (RECURSIVEMATCH) "" *
    S: b BAD …
    C: c LIST (NONSENSE) "" *
    S: c BAD …
    C: d LIST "" * RETURN (NONSENSE)
    S: d BAD …
    C: e LIST "" * RETURN (STATUS (MAILBOX))
    S: e BAD …
  `);
  });

  test('references stand before the pattern', async () => {
    const client = await gateway.signIn();
    await client.run('CREATE a/b/c');
    await client.play(`
    C: a LIST a/ %
    S: * LIST (\\HasChildren) "/" a/b
    S: a OK mailboxes listed
    C: b LIST "a/" ("b" "%/c" "")
    S: * LIST (\\HasChildren) "/" a/b
    S: * LIST (\\HasNoChildren) "/" a/b/c
    S: b OK mailboxes listed
  `);
  });

  test('extended LIST: several patterns, RETURN, and no special meaning of the empty pattern (RFC 9051 §6.3.9)', async () => {
    const client = await gateway.signIn();
    await client.run('UNSUBSCRIBE Junk');
    await client.play(`
    C: a LIST "" (INBOX J%) RETURN (SUBSCRIBED CHILDREN SPECIAL-USE)
    S: * LIST (\\Subscribed \\HasNoChildren) "/" INBOX
    S: * LIST (\\HasNoChildren \\Junk) "/" Junk
    S: a OK mailboxes listed
    C: b LIST () INBOX ""
    S: b OK mailboxes listed
    C: c LIST (SUBSCRIBED SPECIAL-USE REMOTE) "" (J* T*)
    S: * LIST (\\Subscribed \\HasNoChildren \\Trash) "/" Trash
    S: c OK mailboxes listed
  `);
  });

  test('RECURSIVEMATCH and CHILDINFO; STATUS only of what satisfies the selection by itself (RFC 5819 §3)', async () => {
    const client = await gateway.signIn();
    await client.run('CREATE foo/bar');
    await client.run('SUBSCRIBE foo/bar');
    await client.play(`
    C: a LIST (SUBSCRIBED RECURSIVEMATCH) "" (INBOX f%) RETURN (STATUS (MESSAGES))
    S: * LIST (\\Subscribed \\HasNoChildren) "/" INBOX
    S: * STATUS INBOX (MESSAGES 0)
    S: * LIST (\\HasChildren) "/" foo ("CHILDINFO" ("SUBSCRIBED"))
    S: a OK mailboxes listed
    C: b DELETE foo
    S: b OK mailbox deleted
    C: c LIST "" f% RETURN (STATUS (MESSAGES))
    S: * LIST (\\NonExistent \\Noselect \\HasChildren) "/" foo
    S: c OK mailboxes listed
  `);
  });

  test('a thousand mailboxes are listed whole, while the client pipelines on', async () => {
    const client = await gateway.signIn();
    const names = Array.from({ length: 1000 }, (_, n) => `many/${String(n).padStart(4, '0')}`);
    client.send(names.map((name) => `x CREATE ${name}\r\n`).join(''));
    for (const name of names) expect(`${name} ${await client.line()}`).toBe(`${name} x OK mailbox created`);
    const lines = await client.run('LIST "" many/% RETURN (STATUS (MESSAGES UIDVALIDITY))');
    const validities = lines.flatMap((line) => /UIDVALIDITY (\d+)/.exec(line)?.[1] ?? []);
    expect(lines.filter((line) => line.startsWith('* LIST')).map((line) => line.split(' ').at(-1))).toEqual(
      names,
    );
    expect(new Set(validities).size).toBe(1000);
    expect(validities.map(Number)).toEqual([...validities].map(Number).sort((a, b) => a - b));
  });
});
