/** ACL (RFC 4314), LIST-MYRIGHTS (RFC 8440), and mailboxes that other users share. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { conforms, inVariants } from '../../support/conformance.ts';
import { TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';
import { inVariant } from '../../support/variants.ts';
import { beforeCommit, whileLoading } from '../../support/under-way.ts';

const BOB = 'bob@example.test';
const CAROL = 'carol@example.test';
const ALICES = '#user/alice@example.test';
const MAIL = 'From: a@b\r\nSubject: hello\r\n\r\nbody\r\n';

conforms('ACL', 'lists are set, told and taken back, by whoever may', async (gateway) => {
  await gateway.addUser(BOB);
  const client = await gateway.signIn();
  await client.play(`
    C: a SETACL INBOX ${BOB} lrswid
    S: a OK access control list set
    C: b GETACL INBOX
    S: * ACL INBOX alice@example.test lrswipkxteacd ${BOB} lrswited
    S: b OK access control list told
    C: c SETACL INBOX ${BOB} -swd
    S: c OK access control list set
    C: d SETACL INBOX anyone +l
    S: d OK access control list set
    C: e GETACL INBOX
    S: * ACL INBOX alice@example.test lrswipkxteacd ${BOB} lri anyone l
    S: e OK access control list told
    C: f DELETEACL INBOX ${BOB}
    S: f OK access control list set
    C: g GETACL INBOX
    S: * ACL INBOX alice@example.test lrswipkxteacd anyone l
    S: g OK access control list told
    C: h LISTRIGHTS INBOX ${BOB}
    S: * LISTRIGHTS INBOX ${BOB} "" l r s w i p k x t e a c d
    S: h OK rights listed
    C: i LISTRIGHTS INBOX Alice@Example.Test
    S: * LISTRIGHTS INBOX Alice@Example.Test lrswipkxteacd
    S: i OK rights listed
    C: j MYRIGHTS INBOX
    S: * MYRIGHTS INBOX lrswipkxteacd
    S: j OK rights told
  `);
});

conforms('ACL', 'a mailbox of another user is read by its name in their namespace', async (gateway) => {
  await gateway.addUser(BOB);
  const alice = await gateway.signIn('INBOX');
  expect(await alice.append('INBOX', MAIL)).toMatch(/^tag OK/);
  await alice.play(`
    C: a SETACL INBOX ${BOB} lrs
    S: a OK access control list set
  `);
  const bob = await gateway.signIn(undefined, BOB);
  await bob.play(`
    C: a NAMESPACE
    S: * NAMESPACE (("" "/")) (("#user/" "/")) NIL
    S: a OK namespaces told
    C: b LIST "" "#user/*"
    S: * LIST (\\NonExistent \\Noselect \\HasChildren) "/" ${ALICES}
    S: * LIST (\\HasNoChildren) "/" ${ALICES}/INBOX
    S: b OK mailboxes listed
    C: c STATUS ${ALICES}/inbox (MESSAGES UNSEEN)
    S: * STATUS ${ALICES}/INBOX (MESSAGES 1 UNSEEN 1)
    S: c OK status told
    C: d MYRIGHTS ${ALICES}/INBOX
    S: * MYRIGHTS ${ALICES}/INBOX lrs
    S: d OK rights told
  `);
});

conforms('ACL', 'a subscription has the name that LIST tells, however it was spelled', async (gateway) => {
  await gateway.addUser('bob@xn--bcher-kva.test');
  const bob = await gateway.signIn(undefined, 'bob@xn--bcher-kva.test');
  await bob.run('SETACL Sent alice@example.test lr');
  const alice = await gateway.signIn();
  await alice.play(`
    C: a SUBSCRIBE "#user/BOB@B&APw-cher.test/Sent"
    S: a OK subscribed
    C: b SUBSCRIBE "#user/Alice@Example.test/Notes"
    S: b OK subscribed
    C: c LIST (SUBSCRIBED) "" ("#user/*" Notes)
    S: * LIST (\\Subscribed \\HasNoChildren) "/" #user/bob@xn--bcher-kva.test/Sent
    S: * LIST (\\NonExistent \\Noselect \\Subscribed \\HasNoChildren) "/" Notes
    S: c OK mailboxes listed
    C: d UNSUBSCRIBE "#user/bob@b&APw-cher.test/Sent"
    S: d OK unsubscribed
    C: e LSUB "" "#user/*"
    S: e OK subscriptions listed
  `);
});

conforms('ACL', 'an owner whose address has the delimiter in it is found by it', async (gateway) => {
  const owner = 'sales/north@example.test';
  await gateway.addUser(owner);
  const north = await gateway.signIn('INBOX', owner);
  await north.run('CREATE Work/2026');
  await north.run('SETACL Work/2026 alice@example.test lr');
  expect(await north.append('Work/2026', MAIL)).toMatch(/^tag OK/);
  const alice = await gateway.signIn();
  await alice.play(`
    C: a LIST "" "#user/*"
    S: * LIST (\\NonExistent \\Noselect \\HasChildren) "/" #user/sales
    S: * LIST (\\NonExistent \\Noselect \\HasChildren) "/" #user/${owner}
    S: * LIST (\\NonExistent \\Noselect \\HasChildren) "/" #user/${owner}/Work
    S: * LIST (\\HasNoChildren) "/" #user/${owner}/Work/2026
    S: a OK mailboxes listed
    C: b STATUS #user/${owner}/Work/2026 (MESSAGES)
    S: * STATUS #user/${owner}/Work/2026 (MESSAGES 1)
    S: b OK status told
    C: c SUBSCRIBE #user/${owner}/Work/2026
    S: c OK subscribed
    C: d STATUS #user/sales/Work (MESSAGES)
    S: d NO [NONEXISTENT] …
  `);
});

conforms('LIST-MYRIGHTS', 'LIST brings the rights of each mailbox', async (gateway) => {
  await gateway.addUser(BOB);
  const alice = await gateway.signIn();
  await alice.run(`SETACL Sent ${BOB} lrtx`);
  const bob = await gateway.signIn(undefined, BOB);
  await bob.play(`
    C: a LIST "" (Trash "#user/%/%") RETURN (MYRIGHTS)
    S: * LIST (\\HasNoChildren) "/" ${ALICES}/Sent
    S: * MYRIGHTS ${ALICES}/Sent lrxtcd
    S: * LIST (\\HasNoChildren \\Trash) "/" Trash
    S: * MYRIGHTS Trash lrswipkxteacd
    S: a OK mailboxes listed
  `);
});

inVariants((variant) => {
  const told = (line: string): string => inVariant(line, variant);
  const vanishes = variant === 'qresync' || variant === 'uidonly';
  let gateway: TestGateway;
  let alice: ImapClient;
  let bob: ImapClient;

  /** Alice shares INBOX, which has three messages, with Bob. */
  async function share(rights: string, mailbox = 'INBOX'): Promise<void> {
    expect((await alice.run(`SETACL ${mailbox} ${BOB} ${rights === '' ? '""' : rights}`)).at(-1)).toMatch(
      /^tag OK/,
    );
  }

  beforeEach(async () => {
    gateway = await TestGateway.start({ variant });
    await gateway.addUser();
    await gateway.addUser(BOB);
    await gateway.addUser(CAROL);
    alice = await gateway.signIn();
    bob = await gateway.signIn(undefined, BOB);
    for (const flags of ['', '(\\Seen \\Flagged)', '(\\Deleted)'])
      expect(await alice.append('INBOX', MAIL, flags)).toMatch(/^tag OK/);
  });
  afterEach(() => gateway.stop());

  const last = async (client: ImapClient, command: string): Promise<string> =>
    (await client.run(command)).at(-1) ?? '';

  test('SETACL refuses what is no list of rights, nobody, and to take from the owner', async () => {
    const refused: readonly (readonly [args: string, answer: string])[] = [
      [`INBOX ${BOB} lrQ`, 'BAD rights are in lower case'],
      [`INBOX ${BOB} lrq`, 'BAD there is no right "q"'],
      [`INBOX ${BOB} lr0`, 'BAD there is no right "0"'],
      ['INBOX "" lr', 'BAD an identifier is'],
      ['INBOX nobody lr', 'BAD an identifier is'],
      ['INBOX nobody@example.test lr', 'NO [CANNOT] there is no user and no group'],
      ['INBOX alice@example.test -a', 'NO [CANNOT] the owner'],
      [`Nowhere ${BOB} lr`, 'NO [NONEXISTENT]'],
      [`INBOX ${BOB}`, 'BAD'],
    ];
    for (const [args, answer] of refused)
      expect(`${args}: ${await last(alice, `SETACL ${args}`)}`).toContain(`: tag ${answer}`);
  });

  test('nobody’s own mailboxes are in the namespace of other users: LIST shows none, and no name of one is known', async () => {
    expect(await alice.run(`LIST "" "${ALICES}*"`)).toEqual(['tag OK mailboxes listed']);
    for (const command of ['SELECT', 'GETACL', 'MYRIGHTS', 'DELETE', 'GETQUOTAROOT', 'CREATE'])
      expect(await last(alice, `${command} ${ALICES}/Sent`)).toMatch(/^tag NO \[NONEXISTENT\]/);
    expect(await last(alice, `STATUS ${ALICES}/Sent (MESSAGES)`)).toMatch(/^tag NO \[NONEXISTENT\]/);
  });

  describe('what may not be looked up is not there (RFC 4314 §6)', () => {
    test('by whatever command', async () => {
      for (const command of [
        'SELECT %',
        'EXAMINE %',
        'STATUS % (MESSAGES)',
        'GETACL %',
        'SETACL % anyone lr',
        'DELETEACL % anyone',
        'LISTRIGHTS % anyone',
        'MYRIGHTS %',
        'DELETE %',
        'RENAME % #user/alice@example.test/Other',
        'GETMETADATA % /shared/comment',
        'SETMETADATA % (/shared/comment "x")',
        'CREATE %/Below',
      ]) {
        const answers = [];
        for (const name of [`${ALICES}/INBOX`, `${ALICES}/Nowhere`, '#user/nobody@example.test/INBOX'])
          answers.push(`${command}: ${await last(bob, command.replace('%', name))}`);
        expect(new Set(answers).size).toBe(1);
        expect(answers[0]).toMatch(/: tag NO \[NONEXISTENT\] there is no mailbox/);
      }
      expect(await bob.run('LIST "" "*"')).not.toContainEqual(expect.stringContaining('#user'));
    });

    test('with "l" alone the mailbox is seen, and everything else refused', async () => {
      await share('l');
      for (const command of ['SELECT %', 'STATUS % (MESSAGES)', 'GETACL %', 'SETACL % anyone lr', 'DELETE %'])
        expect(await last(bob, command.replace('%', `${ALICES}/INBOX`))).toMatch(/^tag NO \[NOPERM\]/);
      expect(await bob.append(`${ALICES}/INBOX`, MAIL)).toMatch(/^tag NO \[NOPERM\]/);
      expect(await last(bob, `GETMETADATA ${ALICES}/INBOX /shared/comment`)).toMatch(/^tag NO \[NOPERM\]/);
      // RFC 5819 §2: LIST tells why there is no STATUS.
      await bob.play(`
      C: b LIST "" "${ALICES}/%" RETURN (STATUS (MESSAGES) MYRIGHTS)
      S: * LIST (\\HasNoChildren \\Noselect) "/" ${ALICES}/INBOX
      S: * MYRIGHTS ${ALICES}/INBOX l
      S: b OK mailboxes listed
      C: c SUBSCRIBE Gone
      S: c OK subscribed
      C: d LIST (SUBSCRIBED) "" Gone RETURN (STATUS (MESSAGES))
      S: * LIST (\\NonExistent \\Noselect \\Subscribed \\HasNoChildren) "/" Gone
      S: d OK mailboxes listed
    `);
    });
  });

  describe('\\Seen is each reader\u2019s own', () => {
    const flagsOf = async (client: ImapClient): Promise<string[]> =>
      (await client.run('FETCH 1:* FLAGS')).slice(0, -1);

    test('the guest begins with nothing seen, and reads without the owner noticing', async () => {
      await share('lrs');
      await bob.play(`
      C: a SELECT ${ALICES}/INBOX
      S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
      S: * OK [PERMANENTFLAGS (\\Seen)] flags are kept
      S: * 3 EXISTS
      S: * 0 RECENT
      S[!uidonly]: * OK [UNSEEN 1] first unseen message
      S: * OK [UIDVALIDITY …] …
      S: * OK [UIDNEXT 4] …
      S: * OK [HIGHESTMODSEQ …] …
      S: a OK [READ-ONLY] selected
      C: b FETCH 1:3 (FLAGS)
      S: * 1 FETCH (FLAGS ())
      S: * 2 FETCH (FLAGS (\\Flagged))
      S: * 3 FETCH (FLAGS (\\Deleted))
      S: b OK fetched
      C: c FETCH 1 (BODY[TEXT])
      S: * 1 FETCH (BODY[TEXT] {6}
      S: body
      S:  FLAGS (\\Seen))
      S: c OK fetched
      C: d STORE 2 +FLAGS (\\Seen \\Answered)
      S: * 2 FETCH (UID 2 FLAGS (\\Flagged \\Seen))
      S: d OK stored
      C: e SEARCH UNSEEN
      S: * SEARCH 3
      S: e OK searched
      C: f STATUS ${ALICES}/INBOX (UNSEEN)
      S: * STATUS ${ALICES}/INBOX (UNSEEN 1)
      S: f OK status told
    `);
      await alice.run('SELECT INBOX');
      expect(await flagsOf(alice)).toEqual([
        told('* 1 FETCH (FLAGS (\\Recent))'),
        told('* 2 FETCH (FLAGS (\\Flagged \\Seen \\Recent))'),
        told('* 3 FETCH (FLAGS (\\Deleted \\Recent))'),
      ]);
      await alice.run('STORE 3 +FLAGS (\\Seen)');
      await bob.run('NOOP');
      expect((await flagsOf(bob))[2]).toBe(told('* 3 FETCH (FLAGS (\\Deleted))'));
    });

    test('another session of the guest hears of it, and the owner and other readers do not', async () => {
      await share('lrs');
      await alice.run(`SETACL INBOX ${CAROL} lrs`);
      const phone = await gateway.signIn(`${ALICES}/INBOX`, BOB);
      const carol = await gateway.signIn(`${ALICES}/INBOX`, CAROL);
      await alice.run('SELECT INBOX');
      await bob.run(`SELECT ${ALICES}/INBOX`);
      await bob.run('STORE 2 +FLAGS (\\Seen)');
      expect(await phone.run('NOOP')).toEqual([
        told('* 2 FETCH (UID 2 FLAGS (\\Flagged \\Seen))'),
        'tag OK done',
      ]);
      expect(await carol.run('NOOP')).toEqual(['tag OK done']);
      expect(await alice.run('NOOP')).toEqual(['tag OK done']);
      const highest = async (client: ImapClient, name: string): Promise<string> =>
        (await client.run(`STATUS ${name} (HIGHESTMODSEQ)`))[0]?.replace(/.*\(/, '') ?? '';
      expect(await highest(carol, `${ALICES}/INBOX`)).toBe(await highest(alice, 'INBOX'));
      expect(await highest(phone, `${ALICES}/INBOX`)).not.toBe(await highest(alice, 'INBOX'));
    });

    test('without "s" nothing is marked, and that is no failure', async () => {
      await share('lr');
      await bob.run(`SELECT ${ALICES}/INBOX`);
      expect(await last(bob, 'FETCH 1 (BODY[TEXT])')).toBe('tag OK fetched');
      expect((await flagsOf(bob))[0]).toBe(told('* 1 FETCH (FLAGS ())'));
      expect(await last(bob, 'STORE 1 +FLAGS (\\Seen)')).toMatch(/^tag NO \[NOPERM\]/);
    });
  });

  describe('rights in the selected mailbox (RFC 4314 §4)', () => {
    const select = async (rights: string): Promise<void> => {
      await share(rights);
      await bob.run(`SELECT ${ALICES}/INBOX`);
    };

    test.each([
      ['lrs', '\\Seen', 'READ-ONLY'],
      ['lr', '', 'READ-ONLY'],
      ['lrt', '\\Deleted', 'READ-WRITE'],
      ['lri', '', 'READ-WRITE'],
      ['lrsw', '\\Answered \\Flagged \\Seen \\Draft \\*', 'READ-WRITE'],
      ['lrswte', '\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*', 'READ-WRITE'],
    ])('%s: PERMANENTFLAGS (%s), %s', async (rights, flags, code) => {
      await share(rights);
      const answers = await bob.run(`SELECT ${ALICES}/INBOX`);
      expect(answers).toContainEqual(expect.stringContaining(`[PERMANENTFLAGS (${flags})]`));
      expect(answers.at(-1)).toContain(`[${code}]`);
    });

    test('STORE does what the rights allow of it, and is refused where they allow nothing', async () => {
      await select('lrw');
      await bob.play(`
      C: a STORE 1 +FLAGS (\\Deleted \\Answered work)
      S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft work)
      S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Draft work \\*)] flags are kept
      S: * 1 FETCH (UID 1 FLAGS (\\Answered work))
      S: a OK stored
      C: b STORE 3 FLAGS ()
      S: * 3 FETCH (UID 3 FLAGS (\\Deleted))
      S: b OK stored
      C: c STORE 2 FLAGS (\\Draft)
      S: * 2 FETCH (UID 2 FLAGS (\\Draft))
      S: c OK stored
      C: d STORE 1 +FLAGS (\\Deleted)
      S: d NO [NOPERM] …
      C: e EXPUNGE
      S: e NO [NOPERM] …
      C: f CLOSE
      S: f OK closed
    `);
      await alice.run('SELECT INBOX');
      expect(await alice.run('FETCH 1:* FLAGS')).toEqual([
        told('* 1 FETCH (FLAGS (\\Answered \\Recent work))'),
        told('* 2 FETCH (FLAGS (\\Seen \\Draft \\Recent))'),
        told('* 3 FETCH (FLAGS (\\Deleted \\Recent))'),
        'tag OK fetched',
      ]);
    });

    test('"e" expunges, by EXPUNGE and by CLOSE', async () => {
      await select('lre');
      expect(await bob.run('EXPUNGE')).toEqual([
        vanishes ? '* VANISHED 3' : '* 3 EXPUNGE',
        'tag OK expunged',
      ]);
    });

    test('MOVE needs "t" and "e" here and "i" there', async () => {
      await alice.run('CREATE Target');
      await share('lri', 'Target');
      for (const rights of ['lr', 'lrt', 'lre']) {
        await select(rights);
        expect(await last(bob, `MOVE 1 ${ALICES}/Target`)).toMatch(/^tag NO \[NOPERM\]/);
      }
      await select('lrte');
      await share('lr', 'Target');
      expect(await last(bob, `MOVE 1 ${ALICES}/Target`)).toMatch(/^tag NO \[NOPERM\]/);
      await share('lri', 'Target');
      expect(await last(bob, `MOVE 1 ${ALICES}/Target`)).toMatch(/^tag OK/);
    });

    test('who may put messages into a mailbox, and not open it, is not told their UIDs (RFC 9051 §6.3.12, §6.4.7)', async () => {
      await alice.run('CREATE Box');
      await share('li', 'Box');
      await share('lrswite');
      await bob.append('INBOX', MAIL);
      await bob.append('INBOX', MAIL);
      const box = `${ALICES}/Box`;
      expect(await bob.append(box, MAIL)).toBe('tag OK appended');
      await bob.run('SELECT INBOX');
      expect(await last(bob, `UID COPY 1 ${box}`)).toBe('tag OK copied');
      expect((await bob.run(`UID MOVE 1 ${box}`)).filter((line) => line.includes('COPYUID'))).toEqual([]);
      // Within the account, too.
      await bob.run(`SELECT ${ALICES}/INBOX`);
      expect(await last(bob, `UID COPY 1 ${box}`)).toBe('tag OK copied');
      const replaced = await bob.run(`UID REPLACE 1 ${box} {${MAIL.length}+}\r\n${MAIL}`);
      expect(replaced.at(-1)).toMatch(/^tag OK/);
      expect(replaced.filter((line) => line.includes('APPENDUID'))).toEqual([]);
      expect(await alice.run('STATUS Box (MESSAGES)')).toContain('* STATUS Box (MESSAGES 5)');
    });

    test('flags that the guest may not set are lost on COPY and APPEND (RFC 4314 §4)', async () => {
      await alice.run('CREATE Target');
      await share('lrsw');
      await share('lris', 'Target');
      await bob.run(`SELECT ${ALICES}/INBOX`);
      await bob.run('STORE 2 +FLAGS (\\Seen)');
      expect(await last(bob, `COPY 1:3 ${ALICES}/Target`)).toMatch(/^tag OK \[COPYUID/);
      expect(await bob.append(`${ALICES}/Target`, MAIL, '(\\Seen \\Deleted \\Flagged word)')).toMatch(
        /^tag OK/,
      );
      await bob.run(`SELECT ${ALICES}/Target`);
      expect(await bob.run('FETCH 1:* FLAGS')).toEqual([
        told('* 1 FETCH (FLAGS ())'),
        told('* 2 FETCH (FLAGS (\\Seen))'),
        told('* 3 FETCH (FLAGS ())'),
        told('* 4 FETCH (FLAGS (\\Seen))'),
        'tag OK fetched',
      ]);
      await alice.run('SELECT Target');
      expect((await alice.run('FETCH 4 FLAGS'))[0]).toBe(told('* 4 FETCH (FLAGS (\\Recent))'));
    });

    test('the guest is told when the owner changes what may be done, and goes when reading is over', async () => {
      await select('lrsw');
      await share('lrs');
      expect(await bob.run('NOOP')).toEqual([
        '* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)',
        '* OK [PERMANENTFLAGS (\\Seen)] flags are kept',
        'tag OK done',
      ]);
      expect(await last(bob, 'STORE 1 +FLAGS (\\Answered)')).toMatch(/^tag NO \[NOPERM\]/);
      await share('l');
      bob.send('x UID FETCH 1 (FLAGS)\r\n');
      expect(await bob.line()).toMatch(/^\* BYE .*not shared with you/);
    });

    test('SETACL is for who has the name when it is committed, even if another session renames the mailbox before', async () => {
      const other = await gateway.signIn();
      await alice.run('CREATE Plans');
      beforeCommit(gateway, async () => {
        await other.run('RENAME Plans Secrets');
      });
      expect(await last(alice, `SETACL Plans ${BOB} lr`)).toMatch(/^tag NO \[NONEXISTENT\]/);
      expect((await alice.run('GETACL Secrets')).join()).not.toContain(BOB);
    });

    test('STATUS tells of one moment, even if the owner expunges before what the guest has not seen is counted', async () => {
      await share('lr');
      whileLoading(gateway, async () => {
        await alice.run('SELECT INBOX');
        await alice.run('EXPUNGE');
      });
      const command = `STATUS ${ALICES}/INBOX (MESSAGES UNSEEN)`;
      expect(await bob.run(command)).toContain(`* STATUS ${ALICES}/INBOX (MESSAGES 2 UNSEEN 2)`);
    });

    test('IDLE in a shared mailbox tells of what its owner does', async () => {
      await select('lr');
      bob.send('i IDLE\r\n');
      expect(await bob.line()).toBe('+ idling');
      await alice.append('INBOX', MAIL);
      expect(await bob.line()).toBe('* 4 EXISTS');
      await share('l');
      expect(await bob.line()).toMatch(/^\* BYE /);
    });
  });

  describe('the tree of another user', () => {
    beforeEach(async () => {
      await alice.run('CREATE Work/Plans');
      await alice.run('CREATE Private');
    });
    const listed = async (pattern = '*'): Promise<string[]> =>
      (await bob.run(`LIST "" "#user/${pattern}"`)).slice(0, -1).map((line) => line.replace(/^\* LIST /, ''));

    test('CREATE needs "k" above, and inherits the list', async () => {
      await share('lrkx', 'Work');
      expect(await last(bob, `CREATE ${ALICES}/Work/Old/2026`)).toMatch(/^tag OK/);
      expect(await bob.run(`MYRIGHTS ${ALICES}/Work/Old/2026`)).toContain(
        `* MYRIGHTS ${ALICES}/Work/Old/2026 lrkxc`,
      );
      // What was there before has its own list.
      expect(await last(bob, `CREATE ${ALICES}/Work/Plans/2027`)).toMatch(/^tag NO \[NONEXISTENT\]/);
      await share('lr', 'Work/Plans');
      expect(await last(bob, `CREATE ${ALICES}/Work/Plans/2027`)).toMatch(/^tag NO \[NOPERM\]/);
      expect(await last(bob, `CREATE ${ALICES}/Top`)).toMatch(/^tag NO \[NONEXISTENT\]/);
      expect(await last(bob, `CREATE ${ALICES}/Work/Sent (USE (\\Archive))`)).toMatch(/^tag NO \[CANNOT\]/);
      expect(await last(bob, `CREATE ${ALICES}/Work/New`)).toMatch(/^tag OK/);
      expect(await bob.run(`MYRIGHTS ${ALICES}/Work/New`)).toContain(`* MYRIGHTS ${ALICES}/Work/New lrkxc`);
      expect(await listed()).toContain(`(\\HasNoChildren) "/" ${ALICES}/Work/New`);
    });

    test('DELETE needs "x"; what is gone is listed no more', async () => {
      await share('lr', 'Work/Plans');
      expect(await last(bob, `DELETE ${ALICES}/Work/Plans`)).toMatch(/^tag NO \[NOPERM\]/);
      await share('lrx', 'Work/Plans');
      expect(await last(bob, `DELETE ${ALICES}/Work/Plans`)).toMatch(/^tag OK/);
      expect(await listed()).toEqual([]);
    });

    test('RENAME needs "x" there and "k" above the new place, and stays within the account', async () => {
      await share('lrx', 'Private');
      expect(await last(bob, `RENAME ${ALICES}/Private ${ALICES}/Work/P`)).toMatch(/^tag NO \[NONEXISTENT\]/);
      await share('lrk', 'Work');
      expect(await last(bob, `RENAME ${ALICES}/Work ${ALICES}/Work2`)).toMatch(/^tag NO \[NOPERM\]/);
      expect(await last(bob, `RENAME ${ALICES}/Private Mine`)).toMatch(/^tag NO \[CANNOT\]/);
      expect(await last(bob, `RENAME ${ALICES}/Private ${ALICES}/Work/P`)).toMatch(/^tag OK/);
      expect(await bob.run(`MYRIGHTS ${ALICES}/Work/P`)).toContain(`* MYRIGHTS ${ALICES}/Work/P lrxc`);
      expect(await listed()).toEqual([
        `(\\NonExistent \\Noselect \\HasChildren) "/" ${ALICES}`,
        `(\\HasChildren) "/" ${ALICES}/Work`,
        `(\\HasNoChildren) "/" ${ALICES}/Work/P`,
      ]);
    });

    test('LIST shows what may be looked up, levels above it, and nothing else', async () => {
      await share('lr', 'Work/Plans');
      await share('rsw', 'Private');
      expect(await listed('%')).toEqual([`(\\NonExistent \\Noselect \\HasChildren) "/" ${ALICES}`]);
      expect(await listed()).toEqual([
        `(\\NonExistent \\Noselect \\HasChildren) "/" ${ALICES}`,
        `(\\NonExistent \\Noselect \\HasChildren) "/" ${ALICES}/Work`,
        `(\\HasNoChildren) "/" ${ALICES}/Work/Plans`,
      ]);
      expect(await bob.run('LIST "" INBOX')).toEqual([
        '* LIST (\\HasNoChildren) "/" INBOX',
        'tag OK mailboxes listed',
      ]);
    });

    test('anyone means everybody, but for whom it is taken from', async () => {
      await alice.run('SETACL Work anyone lr');
      const carol = await gateway.signIn(undefined, CAROL);
      expect(await last(carol, `EXAMINE ${ALICES}/Work`)).toMatch(/^tag OK/);
      expect(await listed()).toContain(`(\\HasNoChildren) "/" ${ALICES}/Work`);
      await alice.run(`SETACL Work -${BOB} lr`);
      expect(await last(bob, `EXAMINE ${ALICES}/Work`)).toMatch(/^tag NO \[NONEXISTENT\]/);
      expect(await listed()).toEqual([]);
      expect(await last(carol, `EXAMINE ${ALICES}/Work`)).toMatch(/^tag OK/);
      await alice.run(`DELETEACL Work -${BOB}`);
      expect(await last(bob, `EXAMINE ${ALICES}/Work`)).toMatch(/^tag OK/);
    });

    test('a group is an alias: its members of this moment have what it is granted', async () => {
      const team = 'team@example.test';
      gateway.sharing.groups.set(team, [CAROL]);
      expect(await last(alice, `SETACL Work ${team} lrs`)).toMatch(/^tag OK/);
      expect(await alice.run('GETACL Work')).toContain(
        `* ACL Work alice@example.test lrswipkxteacd ${team} lrs`,
      );
      expect(await last(bob, `SELECT ${ALICES}/Work`)).toMatch(/^tag NO \[NONEXISTENT\]/);
      expect(await listed()).toEqual([]);
      gateway.sharing.groups.set(team, [CAROL, BOB]);
      expect(await listed()).toContain(`(\\HasNoChildren) "/" ${ALICES}/Work`);
      expect(await last(bob, `SELECT ${ALICES}/Work`)).toMatch(/^tag OK/);
      expect(await bob.run(`MYRIGHTS ${ALICES}/Work`)).toContain(`* MYRIGHTS ${ALICES}/Work lrs`);
      gateway.sharing.groups.set(team, [CAROL]);
      bob.send('x UID FETCH 1:* (FLAGS)\r\n');
      expect(await bob.line()).toMatch(/^\* BYE /);
    });

    test('whoever has "a" manages the list, of which the owner stays the owner', async () => {
      await share('lra', 'Work');
      expect(await last(bob, `SETACL ${ALICES}/Work ${CAROL} lr`)).toMatch(/^tag OK/);
      expect(await bob.run(`GETACL ${ALICES}/Work`)).toContain(
        `* ACL ${ALICES}/Work alice@example.test lrswipkxteacd ${BOB} lra ${CAROL} lr`,
      );
      expect(await last(bob, `SETACL ${ALICES}/Work alice@example.test ""`)).toMatch(/^tag NO \[CANNOT\]/);
      expect(await last(bob, `DELETEACL ${ALICES}/Work alice@example.test`)).toMatch(/^tag NO \[CANNOT\]/);
    });

    test('a subscription to a mailbox of another user needs nothing of it', async () => {
      await share('lr', 'Work');
      await bob.play(`
      C: a SUBSCRIBE ${ALICES}/Work
      S: a OK subscribed
      C: b SUBSCRIBE ${ALICES}/Private
      S: b OK subscribed
      C: c LIST (SUBSCRIBED) "" "#user/*"
      S: * LIST (\\NonExistent \\Noselect \\Subscribed \\HasNoChildren) "/" ${ALICES}/Private
      S: * LIST (\\Subscribed \\HasNoChildren) "/" ${ALICES}/Work
      S: c OK mailboxes listed
      C: d UNSUBSCRIBE ${ALICES}/Private
      S: d OK unsubscribed
      C: e LSUB "" "#user/*"
      S: * LSUB () "/" ${ALICES}/Work
      S: e OK subscriptions listed
    `);
    });

    test('annotations: private ones are the guest\u2019s own, shared ones everybody\u2019s', async () => {
      await share('lr', 'Work');
      await alice.run('SETMETADATA Work (/private/comment "alice" /shared/comment "both")');
      await bob.play(`
      C: a SETMETADATA ${ALICES}/Work (/private/comment "bob")
      S: a OK annotations set
      C: b GETMETADATA ${ALICES}/Work (/private/comment /shared/comment)
      S: * METADATA ${ALICES}/Work (/private/comment "bob" /shared/comment "both")
      S: b OK annotations told
    `);
      expect(await alice.run('GETMETADATA Work /private/comment')).toContain(
        '* METADATA Work (/private/comment "alice")',
      );
    });

    test('a grant that could not be published works by its name, and is listed once the account is met again', async () => {
      gateway.sharing.broken = true;
      await share('lr', 'Work');
      expect(await last(bob, `EXAMINE ${ALICES}/Work`)).toMatch(/^tag OK/);
      expect(await listed()).toEqual([]);
      gateway.sharing.broken = false;
      await bob.run('NOOP');
      await bob.run('NOOP');
      expect(await listed()).toContain(`(\\HasNoChildren) "/" ${ALICES}/Work`);
    });

    test('LIST reads the directory, and no other account', async () => {
      await share('lr', 'Work');
      const before = gateway.cache.leased.length;
      gateway.sharing.calls.length = 0;
      const dave = 'dave@example.test';
      await gateway.addUser(dave);
      const client = await gateway.signIn(undefined, dave);
      await client.run('LIST "" *');
      expect(gateway.sharing.calls).toEqual(['granted']);
      expect(gateway.cache.leased.length).toBe(before + 1);
    });
  });
});
