import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { inVariants } from '../../support/conformance.ts';
import { TestGateway } from '../../support/gateway.ts';
import { MemoryJournalStore } from '../../support/memory-journal-store.ts';

let gateway: TestGateway;
let journal: MemoryJournalStore;
inVariants((variant) => {
  beforeEach(async () => {
    journal = new MemoryJournalStore();
    gateway = await TestGateway.start({ journal, variant });
    await gateway.addUser();
  });
  afterEach(() => gateway.stop());

  const message = (subject: string, body = 'text'): string =>
    `From: Ann <ann@example.test>\r\nTo: bob@example.test\r\nSubject: ${subject}\r\n` +
    `Date: Thu, 1 Feb 2024 12:00:00 +0000\r\nMessage-ID: <${subject}@example.test>\r\n\r\n${body}\r\n`;

  test('two sessions see each other store, expunge, copy and move', async () => {
    const one = await gateway.signIn('INBOX');
    const two = await gateway.signIn('INBOX');
    for (const subject of ['a', 'b', 'c', 'd']) await one.append('INBOX', message(subject));
    await two.play(`
    C: a NOOP
    S: * 4 EXISTS
    S: a OK done
  `);
    await one.play(`
    C: b STORE 1:2 +FLAGS (\\Deleted $Work)
    S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work)
    S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work \\*)] flags are kept
    S: * 1 FETCH (UID 1 FLAGS (\\Deleted \\Recent $Work))
    S: * 2 FETCH (UID 2 FLAGS (\\Deleted \\Recent $Work))
    S: b OK stored
    C: c STORE 3 +FLAGS.SILENT (\\Flagged)
    S: c OK stored
    C: d EXPUNGE
    S[!qresync !uidonly]: * 1 EXPUNGE
    S[!qresync !uidonly]: * 1 EXPUNGE
    S[qresync uidonly]: * VANISHED 1:2
    S: d OK expunged
  `);
    await two.play(`
    C: a FETCH 4 FLAGS
    S: * 4 FETCH (FLAGS ())
    S[uidonly]: * VANISHED 1:2
    S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work)
    S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work \\*)] flags are kept
    S: * 3 FETCH (UID 3 FLAGS (\\Flagged))
    S: a OK fetched
    C[!uidonly]: b FETCH 1:4 UID
    S[!uidonly]: * 3 FETCH (UID 3)
    S[!uidonly]: * 4 FETCH (UID 4)
    S[!uidonly]: b NO [EXPUNGEISSUED] some of the messages have been expunged
    C[!uidonly]: c NOOP
    S[!qresync !uidonly]: * 1 EXPUNGE
    S[!qresync !uidonly]: * 1 EXPUNGE
    S[qresync]: * VANISHED 1:2
    S[!uidonly]: c OK done
    C[!uidonly]: d COPY 1:2 Archive
    C[uidonly]: d UID COPY 1:4 Archive
    S: d OK [COPYUID … 3:4 1:2] copied
    C: e UID MOVE 4,99 Trash
    S: * OK [COPYUID … 4 1] moved
    S[!qresync !uidonly]: * 2 EXPUNGE
    S[qresync uidonly]: * VANISHED 4
    S: e OK moved
    C: f UID MOVE 4 Trash
    S: f OK moved: there was no such message
    C: g UID COPY 3 Nowhere
    S: g NO [TRYCREATE] there is no mailbox with that name
    C[!uidonly]: h FETCH 2 FLAGS
    S[!uidonly]: h BAD there are 1 messages: no message has the number 2
  `);
    expect(gateway.errors).toEqual([]);
  });

  test('IDLE tells of what others do, and a command may follow DONE in one packet', async () => {
    const one = await gateway.signIn('INBOX');
    const two = await gateway.signIn();
    one.send('a IDLE\r\n');
    expect(await one.line()).toBe('+ idling');
    await two.append('INBOX', message('pushed'));
    await one.play(`
    S: * 1 EXISTS
    S: * 1 RECENT
  `);
    await two.run('SELECT INBOX');
    await two.run('STORE 1 +FLAGS (\\Seen)');
    await one.play(`
    S: * 1 FETCH (UID 1 FLAGS (\\Seen \\Recent))
    C: DONE
    C: b NOOP
    S: a OK no longer idle
    S: b OK done
  `);
  });

  test('IDLE ends with DONE and with nothing else', async () => {
    const client = await gateway.signIn('INBOX');
    await client.play(`
    C: a IDLE
    S: + idling
    C: b NOOP
    S: a BAD IDLE ends with DONE
    C: c NOOP
    S: c OK done
  `);
  });

  test('pipelined commands run in order', async () => {
    const client = await gateway.signIn('INBOX');
    await client.append('INBOX', message('a'));
    await client.append('INBOX', message('b'));
    await client.run('NOOP');
    await client.play(`
    C: a STORE 1 +FLAGS.SILENT (\\Deleted)
    C: b EXPUNGE
    C[!uidonly]: c FETCH 1 UID
    C[uidonly]: c UID FETCH 2 UID
    C: d UID STORE 2 FLAGS (\\Answered)
    S: a OK stored
    S[!qresync !uidonly]: * 1 EXPUNGE
    S[qresync uidonly]: * VANISHED 1
    S: b OK expunged
    S: * 1 FETCH (UID 2)
    S: c OK fetched
    S: * 1 FETCH (UID 2 FLAGS (\\Answered \\Recent))
    S: d OK stored
  `);
  });

  test('silent STOREs of two clients in one record: each is told of the other', async () => {
    const put = journal.put.bind(journal);
    // A store that takes its time, so that commits wait for one another and then share a record.
    journal.put = async (...args) => {
      for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
      return put(...args);
    };
    const [first, one, two] = [
      await gateway.signIn('INBOX'),
      await gateway.signIn('INBOX'),
      await gateway.signIn('INBOX'),
    ];
    await first.append('INBOX', message('a'));
    await first.append('INBOX', message('b'));
    for (const client of [one, two]) await client.run('NOOP');
    for (let round = 0; round < 6; round++) {
      const sign = round % 2 === 0 ? '+' : '-';
      const [, mine, others] = await Promise.all([
        first.run(`STORE 2 ${sign}FLAGS (\\Answered)`),
        one.run(`STORE 1 ${sign}FLAGS.SILENT (\\Seen)`),
        two.run(`STORE 1 ${sign}FLAGS.SILENT (\\Flagged)`),
      ]);
      mine.push(...(await one.run('NOOP')));
      others.push(...(await two.run('NOOP')));
      const flags =
        sign === '+'
          ? /\* 1 (FETCH \(UID 1 |UIDFETCH \()FLAGS \(\\Flagged \\Seen/
          : /\* 1 (FETCH \(UID 1 |UIDFETCH \()FLAGS \((\\Recent)?\)/;
      expect(mine.join()).toMatch(flags);
      expect(others.join()).toMatch(flags);
    }
  });

  test('SEARCH looks at flags, headers and bodies', async () => {
    const client = await gateway.signIn('INBOX');
    await client.append('INBOX', message('apples', 'Äpfel im Korb'.replaceAll('Ä', '\xc3\x84')), '(\\Seen)');
    await client.append('INBOX', message('=?utf-8?Q?Z=C3=BCrich?=', 'nothing'));
    await client.play(`
    C: a SEARCH ALL
    S: * SEARCH 1 2
    S: a OK searched
    C: b SEARCH UNSEEN
    S: * SEARCH 2
    S: b OK searched
    C: c SEARCH SUBJECT z\xc3\xbcr
    S: c BAD …
    C: d SEARCH CHARSET UTF-8 SUBJECT "z\xc3\x9cR"
    S: * SEARCH 2
    S: d OK searched
    C: e SEARCH BODY "\xc3\xa4pfel"
    S: * SEARCH 1
    S: e OK searched
    C: f SEARCH CHARSET iso-8859-1 BODY "\xe4pfel"
    S: * SEARCH 1
    S: f OK searched
    C: g SEARCH CHARSET klingon BODY x
    S: g NO [BADCHARSET (US-ASCII UTF-8 …)] the charset of the search is not known
    C: h UID SEARCH RETURN (MIN MAX COUNT ALL) FROM ann SENTON 1-Feb-2024
    S: * ESEARCH (TAG "h") UID MIN 1 MAX 2 ALL 1:2 COUNT 2
    S: h OK searched
    C: i SEARCH RETURN (SAVE) TEXT apples
    S: i OK searched
    C: j FETCH $ UID
    S: * 1 FETCH (UID 1)
    S: j OK fetched
    C: k SEARCH HEADER Message-ID ""  NOT TEXT korb
    S: k BAD …
    C: l SEARCH HEADER Message-ID "" NOT TEXT korb
    S: * SEARCH 2
    S: l OK searched
    C: m SEARCH SINCE 1-Jan-2030
    S: * SEARCH
    S: m OK searched
  `);
    expect(gateway.errors).toEqual([]);
  });
});
