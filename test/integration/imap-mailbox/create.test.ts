import { afterEach, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeModifiedUtf7 } from '../../../gateway/imap/wire/mailbox-name.ts';
import { inVariants } from '../../support/conformance.ts';
import { TestGateway } from '../../support/gateway.ts';
import { seedOf } from '../../support/variants.ts';

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
    C: k CREATE x//
    S: k NO [CANNOT] a mailbox name cannot have an empty level: "/" stands between names
  `);
    const long = await client.run(`CREATE ${'x'.repeat(1001)}`);
    expect(long).toEqual(['tag NO [LIMIT] a mailbox name can have at most 1000 bytes of UTF-8']);
  });

  test('CREATE with a special use (RFC 6154 §3)', async () => {
    const client = await gateway.signIn();
    await client.play(`
    C: a CREATE Gone (USE (\\Trash))
    S: a NO [USEATTR] mailbox "Trash" is in use as \\Trash already
    C: b CREATE Everything (USE (\\All))
    S: b NO [USEATTR] special use \\All is not supported
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
    C: f CREATE Two (USE (\\Important \\Memos))
    S: f NO [USEATTR] a mailbox can have one special use only
    C: g CREATE None (USE ())
    S: g OK mailbox created
    C: h CREATE Odd (SIZE 3)
    S: h BAD unknown parameter of CREATE: USE is known
  `);
  });

  test('attributes of RFC 9979: \\Memos is kept; \\Snoozed and \\Scheduled would promise what nobody does', async () => {
    const client = await gateway.signIn();
    await client.play(`
    C: a CREATE Notes (USE (\\Memos))
    S: a OK mailbox created
    C: b LIST (SPECIAL-USE) "" N*
    S: * LIST (\\HasNoChildren \\Memos) "/" Notes
    S: b OK mailboxes listed
    C: c CREATE Later (USE (\\Snoozed))
    S: c NO [USEATTR] special use \\Snoozed is not supported
    C: d CREATE Tomorrow (USE (\\Scheduled))
    S: d NO [USEATTR] special use \\Scheduled is not supported
    C: e LIST "" (L* Tom*)
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

  test('property: a name is listed as it was made, and found by it, in both spellings', async () => {
    const plain = await gateway.signIn();
    const wide = await gateway.signIn();
    await wide.run('ENABLE UTF8=ACCEPT');
    const unit = fc.oneof(
      fc.constantFrom(...Array.from(`&-,+%*"\\(){}[]<>@#~.: /'=?\u0600é日😀\u0301\u200d`)),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    );
    const quoted = (name: string): string => `"${name.replaceAll(/["\\]/g, '\\$&')}"`;
    const bytes = (text: string): string => Buffer.from(text).toString('latin1');
    let made = 0;
    await fc.assert(
      fc.asyncProperty(fc.string({ unit, minLength: 1, maxLength: 12 }), async (drawn) => {
        const [first, second] = ['7', '8'].map((end) => `x${drawn}${end}`);
        if (first === undefined || second === undefined) throw new Error('two names are drawn');
        const inUtf7 = quoted(encodeModifiedUtf7(first));
        const answers = [
          (await plain.run(`CREATE ${inUtf7}`)).at(-1),
          (await wide.run(`CREATE ${bytes(quoted(second))}`)).at(-1),
        ];
        // Both are made, or both are refused with the reason.
        expect(answers[0]?.slice(0, 12)).toBe(answers[1]?.slice(0, 12));
        expect(answers[0]).toMatch(/^tag (OK|NO \[(CANNOT|ALREADYEXISTS)\])/);
        if (!answers[0]?.startsWith('tag OK')) return;
        made++;
        const found = await wide.run(`STATUS ${bytes(quoted(first))} (MESSAGES)`);
        expect(found.at(-1)).toBe('tag OK status told');
        const back = await plain.run(`STATUS ${quoted(encodeModifiedUtf7(second))} (MESSAGES)`);
        // What is told as the name is what can be sent as the name.
        const told = /^\* STATUS (.*) \(MESSAGES 0\)$/.exec(back[0] ?? '')?.[1];
        expect((await plain.run(`DELETE ${told ?? ''}`)).at(-1)).toBe('tag OK mailbox deleted');
        const [listed] = await wide.run(`LIST "" ${bytes(quoted(first))}`);
        const again = /"\/" (.*)$/.exec(listed ?? '')?.[1];
        if (/[%*]/.test(first)) return;
        expect((await wide.run(`DELETE ${again ?? ''}`)).at(-1)).toBe('tag OK mailbox deleted');
      }),
      { numRuns: 60, seed: seedOf(variant) },
    );
    expect(made).toBeGreaterThan(20);
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
    const second = await TestGateway.start({ journal: gateway.journal, blobs: gateway.blobs, variant });
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
});
