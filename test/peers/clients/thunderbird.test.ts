/** Thunderbird itself: what it does with its own services is on the server, and what is on the server it has. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LocalInstance } from '../../support/instance.ts';
import { homeFolder } from './home-folder.ts';
import { connectImapFlow, messagesOf, type Seen } from './imapflow-client.ts';
import { Thunderbird } from './thunderbird.ts';
import { variedMail } from './varied-mail.ts';

const START_MS = 120_000;
const mails = [1, 2, 4, 6].map((n) => variedMail(n));
const subjectOf = (index: number): string => mails[index]?.subject ?? '';

let instance: LocalInstance;
let home: string;
let thunderbird: Thunderbird;

beforeAll(async () => {
  instance = await LocalInstance.start();
  const client = await connectImapFlow(instance.imap, instance.alice);
  for (const { raw } of mails) await client.append('INBOX', raw);
  await client.logout();
  home = await homeFolder();
  thunderbird = await Thunderbird.start(home, instance.imap, instance.alice);
}, START_MS);
afterAll(() => instance.stop());

/** Thunderbird answers before the server has: the mailbox is looked at until it is as it should be. */
async function onServer(mailbox: string, isSo: (messages: readonly Seen[]) => boolean): Promise<Seen[]> {
  let messages: Seen[] = [];
  for (let look = 0; look < 100; look++) {
    messages = await messagesOf(instance.imap, instance.alice, mailbox);
    if (isSo(messages)) return messages;
  }
  throw new Error(
    `${mailbox} holds ${JSON.stringify(messages.map(({ subject, flags }) => ({ subject, flags })))}`,
  );
}

describe('Thunderbird', () => {
  // Before its home is removed.
  afterAll(() => thunderbird.stop());

  test('finds the mailboxes, and lists the messages of one', async () => {
    // It is told of one after the other.
    for (const name of ['INBOX', 'Drafts', 'Sent', 'Archive', 'Junk', 'Trash']) {
      expect(await thunderbird.script(`return (await folder(args[0])).onlineName`, name)).toBe(name);
    }
    const subjects = await thunderbird.script(
      `const inbox = await updated('INBOX');
     await until('all messages', () => [...inbox.messages].length === args[0]);
     return [...inbox.messages].map((each) => each.mime2DecodedSubject)`,
      mails.length,
    );
    expect(subjects).toEqual(mails.map(({ subject }) => subject));
  });

  test('reads: every message comes byte for byte', async () => {
    for (const { subject, raw } of mails) {
      const source = await thunderbird.script(
        `const found = await header('INBOX', args[0]);
       const uri = found.folder.getUriForMsg(found);
       const chunks = [];
       await new Promise((resolve, reject) => {
         MailServices.messageServiceFromURI(uri).streamMessage(uri, {
           onStartRequest() {},
           onDataAvailable(_request, stream, _offset, count) {
             const reader = Cc['@mozilla.org/binaryinputstream;1'].createInstance(Ci.nsIBinaryInputStream);
             reader.setInputStream(stream);
             chunks.push(reader.readBytes(count));
           },
           onStopRequest: (_request, status) => (Components.isSuccessCode(status) ? resolve() : reject(new Error('status ' + status))),
           QueryInterface: ChromeUtils.generateQI(['nsIStreamListener', 'nsIRequestObserver']),
         }, null, null, false, '', false);
       });
       return chunks.join('')`,
        subject,
      );
      // It puts two fields of its own before what it hands on.
      expect(String(source).replaceAll(/^X-Mozilla-Status2?: .*\r?\n/gm, '')).toBe(raw.toString('latin1'));
    }
  });

  test('flags: read and starred', async () => {
    await thunderbird.script(
      `const inbox = await folder('INBOX');
     inbox.markMessagesRead([await header('INBOX', args[0])], true);
     inbox.markMessagesFlagged([await header('INBOX', args[0])], true);`,
      subjectOf(0),
    );
    const [first] = await onServer('INBOX', ([message]) => message?.flags.length === 2);
    expect(first?.flags).toEqual(['\\Flagged', '\\Seen']);
  });

  test('moves to another mailbox', async () => {
    await thunderbird.script(
      `const [inbox, archive] = [await folder('INBOX'), await folder('Archive')];
     const found = await header('INBOX', args[0]);
     await listened((listener) => MailServices.copy.copyMessages(inbox, [found], archive, true, listener, null, false));`,
      subjectOf(1),
    );
    const [moved] = await onServer('Archive', (messages) => messages.length === 1);
    expect(moved?.source).toEqual(mails[1]?.raw);
    await onServer('INBOX', (messages) => messages.length === mails.length - 1);
  });

  test('appends a message from a file', async () => {
    const draft = variedMail(1, 'from a file');
    const file = path.join(home, 'draft.eml');
    await writeFile(file, draft.raw);
    await thunderbird.script(
      `const file = Cc['@mozilla.org/file/local;1'].createInstance(Ci.nsIFile);
     file.initWithPath(args[0]);
     const drafts = await folder('Drafts');
     await listened((listener) => MailServices.copy.copyFileMessage(file, drafts, null, false, 0, '', listener, null));`,
      file,
    );
    const [appended] = await onServer('Drafts', (messages) => messages.length === 1);
    expect(appended?.source.toString('latin1')).toContain(draft.raw.toString('latin1').slice(-30));
  });

  test('deletes, and expunges', async () => {
    await thunderbird.script(
      `const inbox = await folder('INBOX');
     const found = await header('INBOX', args[0]);
     await listened((listener) => inbox.deleteMessages([found], null, true, false, listener, false));
     await listened((listener) => inbox.expunge(listener, null));`,
      subjectOf(2),
    );
    const left = await onServer('INBOX', (messages) => messages.length === mails.length - 2);
    expect(left.map(({ subject }) => subject)).toEqual([subjectOf(0), subjectOf(3)]);
  });

  test('is told of what another client does', async () => {
    const client = await connectImapFlow(instance.imap, instance.alice);
    await client.append('INBOX', variedMail(7, 'from elsewhere').raw);
    const lock = await client.getMailboxLock('INBOX');
    await client.messageFlagsAdd({ header: { subject: subjectOf(3) } }, ['\\Flagged']);
    lock.release();
    await client.logout();
    const seen = await thunderbird.script(
      `await updated('INBOX');
     await header('INBOX', args[0]);
     const other = await header('INBOX', args[1]);
     return until('the flag', () => other.isFlagged)`,
      variedMail(7, 'from elsewhere').subject,
      subjectOf(3),
    );
    expect(seen).toBe(true);
  });
});
