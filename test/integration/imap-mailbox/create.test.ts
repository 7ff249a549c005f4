import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { TestGateway } from '../../support/gateway.ts';

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await TestGateway.start();
  await gateway.addUser();
});
afterEach(async () => {
  await gateway.stop();
  expect(gateway.errors).toEqual([]);
});

/** A transcript as the byte string that the client sends and reads. */
const utf8 = (transcript: string): string => Buffer.from(transcript).toString('latin1');

test('CREATE makes a mailbox that can be selected, and the names above it', async () => {
  const client = await gateway.signIn();
  await client.play(`
    C: a CREATE Work/2026/
    S: a OK mailbox created
    C: b LIST "" Work*
    S: * LIST (\\HasChildren) "/" Work
    S: * LIST (\\HasNoChildren) "/" Work/2026
    S: b OK mailboxes listed
    C: c STATUS Work/2026 (MESSAGES UIDNEXT UIDVALIDITY)
    S: * STATUS Work/2026 (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1767225607)
    S: c OK status told
    C: d EXAMINE Work
    S: * FLAGS …
    S: * OK [PERMANENTFLAGS …
    S: * 0 EXISTS
    S: * 0 RECENT
    S: * OK [UIDVALIDITY 1767225606] UIDs are valid
    S: * OK [UIDNEXT 1] next UID
    S: * OK [HIGHESTMODSEQ …
    S: d OK [READ-ONLY] examined
  `);
});

test('CREATE is refused with the reason', async () => {
  const client = await gateway.signIn();
  await client.play(`
    C: a CREATE inbox
    S: a NO [ALREADYEXISTS] mailbox "INBOX" exists already
    C: b CREATE ""
    S: b NO [CANNOT] a mailbox name cannot be empty
    C: c CREATE a//b
    S: c NO [CANNOT] a mailbox name cannot have an empty level: "/" stands between names
    C: d CREATE #shared/x
    S: d NO [CANNOT] a mailbox name cannot begin with "#": that marks a namespace
    C: e CREATE a/b/../c
    S: e NO [CANNOT] no level of a mailbox name can be "." or ".."
    C: f CREATE "x&AAE-"
    S: f NO [CANNOT] a mailbox name cannot hold control characters or line separators
    C: g CREATE x&nonsense
    S: g BAD …modified UTF-7…
    C: h CREATE
    S: h BAD …
    C: i CREATE x y
    S: i BAD …
    C: j LIST "" x*
    S: j OK mailboxes listed
  `);
  const long = await client.run(`CREATE ${'x'.repeat(1001)}`);
  expect(long).toEqual(['tag NO [LIMIT] a mailbox name can have at most 1000 bytes of UTF-8']);
});

test('CREATE with a special use (RFC 6154 §3)', async () => {
  const client = await gateway.signIn();
  await client.play(`
    C: a CREATE Gone (USE (\\Trash))
    S: a NO […] mailbox "Trash" is in use as \\Trash already
    C: b CREATE Everything (USE (\\All))
    S: b NO […] special use \\All is not supported
    C: c DELETE Trash
    S: c OK mailbox deleted
    C: d CREATE Gone (USE (\\trash))
    S: d OK mailbox created
    C: e LIST (SPECIAL-USE) "" % RETURN (SPECIAL-USE)
    S: * LIST (\\HasNoChildren \\Archive) "/" Archive
    S: * LIST (\\HasNoChildren \\Drafts) "/" Drafts
    S: * LIST (\\HasNoChildren \\Trash) "/" Gone
    S: * LIST (\\HasNoChildren \\Junk) "/" Junk
    S: * LIST (\\HasNoChildren \\Sent) "/" Sent
    S: e OK mailboxes listed
  `);
});

test('names that clients find hard: wildcards, quotes, backslashes, spaces, ampersands, emoji', async () => {
  const client = await gateway.signIn();
  await client.play(`
    C: a CREATE "100% *"
    S: a OK mailbox created
    C: b CREATE "a \\"b\\" \\\\ c"
    S: b OK mailbox created
    C: c CREATE "R&-D"
    S: c OK mailbox created
    C: d CREATE "Entw&APw-rfe &2D3crA-"
    S: d OK mailbox created
    C: e CREATE NIL
    S: e OK mailbox created
    C: f CREATE {4+}
    C: {x})
    S: f OK mailbox created
    C: g LIST "" (*%* *\\**)
    S: g BAD …
    C: h LIST "" ("100*" "a *" R* Ent* N* "{*")
    S: * LIST (\\HasNoChildren) "/" "100% *"
    S: * LIST (\\HasNoChildren) "/" "Entw&APw-rfe &2D3crA-"
    S: * LIST (\\HasNoChildren) "/" "NIL"
    S: * LIST (\\HasNoChildren) "/" R&-D
    S: * LIST (\\HasNoChildren) "/" "a \\"b\\" \\\\ c"
    S: * LIST (\\HasNoChildren) "/" "{x})"
    S: h OK mailboxes listed
    C: i STATUS "100% *" (MESSAGES)
    S: * STATUS "100% *" (MESSAGES 0)
    S: i OK status told
    C: j DELETE "100% *"
    S: j OK mailbox deleted
  `);
});

test('after ENABLE UTF8=ACCEPT names are UTF-8, both ways (RFC 6855 §3)', async () => {
  const client = await gateway.signIn();
  await client.play(
    utf8(`
    C: a CREATE "Entw&APw-rfe"
    S: a OK mailbox created
    C: b ENABLE UTF8=ACCEPT
    S: * ENABLED UTF8=ACCEPT
    S: b OK enabled
    C: c LIST "" "Entwü%"
    S: * LIST (\\HasNoChildren) "/" "Entwürfe"
    S: c OK mailboxes listed
    C: d CREATE "R&D 📬"
    S: d OK mailbox created
    C: e STATUS "R&D 📬" (UNSEEN)
    S: * STATUS "R&D 📬" (UNSEEN 0)
    S: e OK status told
    C: f CREATE "Entwu\u0308rfe"
    S: f NO [ALREADYEXISTS] mailbox "Entwürfe" exists already
  `),
  );
});

test('what one gateway has created, another lists at once', async () => {
  const account = gateway.logins.get('alice@example.test')?.account;
  const second = await TestGateway.start({ journal: gateway.journal, blobs: gateway.blobs });
  try {
    if (account) await second.admit('alice@example.test', account);
    const here = await gateway.signIn();
    const there = await second.signIn();
    await there.run('LIST "" *');
    await here.play(`
      C: a CREATE New
      S: a OK mailbox created
    `);
    await there.play(`
      C: a LIST "" N*
      S: * LIST (\\HasNoChildren) "/" New
      S: a OK mailboxes listed
      C: b CREATE New
      S: b NO [ALREADYEXISTS] mailbox "New" exists already
    `);
  } finally {
    await second.stop();
  }
});
