/** Response codes (RFC 5530 and others) where they are wanted: what `docs/CONFORMANCE.md` lists, each provoked once. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { PASSWORD, TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';
import { inVariants } from '../../support/conformance.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const LITERAL = '{15+}\r\nSubject: x\r\n\r\nb';

/** What each command is asked in a session that has selected INBOX with two messages, and the code of its answer. */
const REFUSED: readonly (readonly [command: string, code: string, line: string])[] = [
  ['CREATE', 'ALREADYEXISTS', 'CREATE inbox'],
  ['CREATE', 'CANNOT', 'CREATE a//b'],
  ['CREATE', 'LIMIT', `CREATE ${'x'.repeat(1001)}`],
  ['CREATE', 'USEATTR', 'CREATE Second (USE (\\Sent))'],
  ['DELETE', 'CANNOT', 'DELETE INBOX'],
  ['DELETE', 'HASCHILDREN', 'DELETE Level'],
  ['DELETE', 'NONEXISTENT', 'DELETE Nowhere'],
  ['RENAME', 'ALREADYEXISTS', 'RENAME Drafts Sent'],
  ['RENAME', 'CANNOT', 'RENAME Drafts Drafts/Old'],
  ['RENAME', 'LIMIT', `RENAME Drafts ${'x'.repeat(1001)}`],
  ['RENAME', 'NONEXISTENT', 'RENAME Nowhere There'],
  ['SUBSCRIBE', 'CANNOT', 'SUBSCRIBE a//b'],
  ['SUBSCRIBE', 'LIMIT', `SUBSCRIBE ${'x'.repeat(1001)}`],
  ['STATUS', 'NONEXISTENT', 'STATUS Nowhere (MESSAGES)'],
  ['APPEND', 'TRYCREATE', `APPEND Nowhere ${LITERAL}`],
  ['APPEND', 'TOOBIG', `APPEND INBOX {2001+}\r\n${'x'.repeat(2001)}`],
  ['APPEND', 'OVERQUOTA', `APPEND INBOX {1900+}\r\n${'x'.repeat(1900)}`],
  ['APPEND', 'LIMIT', `APPEND INBOX (${'k'.repeat(101)}) ${LITERAL}`],
  ['APPEND', 'BADURL', 'APPEND INBOX CATENATE (URL /INBOX/;UID=99)'],
  ['APPEND', 'UNKNOWN-CTE', 'APPEND INBOX ~{7+}\r\na: \0\r\n\r\n'.replace('{7+}', '{8+}')],
  ['APPEND', 'CANNOT', 'APPEND INBOX {8+}\r\na: \xe9\r\n\r\n'],
  ['REPLACE', 'NONEXISTENT', `UID REPLACE 99 INBOX ${LITERAL}`],
  ['REPLACE', 'TRYCREATE', `UID REPLACE 1 Nowhere ${LITERAL}`],
  ['REPLACE', 'OVERQUOTA', `UID REPLACE 1 INBOX {1990+}\r\n${'x'.repeat(1990)}`],
  ['COPY', 'TRYCREATE', 'UID COPY 1 Nowhere'],
  ['COPY', 'OVERQUOTA', 'UID COPY 1:* Sent'],
  ['MOVE', 'TRYCREATE', 'UID MOVE 1 Nowhere'],
  ['FETCH', 'UNKNOWN-CTE', 'UID FETCH 2 BINARY.PEEK[1]'],
  ['STORE', 'LIMIT', `UID STORE 1 +FLAGS (${'k'.repeat(101)})`],
  ['LANGUAGE', 'CANNOT', 'LANGUAGE mul'],
  ['SEARCH', 'BADCHARSET', 'SEARCH CHARSET moon SUBJECT x'],
  ['SEARCH', 'UNDEFINED-FILTER', 'SEARCH FILTER nowhere'],
  ['SEARCH', 'LIMIT', `SEARCH FUZZY (${'TEXT x '.repeat(32)}SUBJECT x)`],
  ['UIDBATCHES', 'TOOFEW', 'UIDBATCHES 3'],
  ['UIDBATCHES', 'TOOMANY', 'UIDBATCHES 500 1:4000000'],
  ['UIDBATCHES', 'CLIENTBUG', 'UIDBATCHES 500 2:1'],
  ['NOTIFY', 'BADEVENT', 'NOTIFY SET (personal (Sunrise))'],
  ['NOTIFY', 'NOTIFICATIONOVERFLOW', 'NOTIFY SET (SUBTREE #user (MailboxName))'],
  ['GETMETADATA', 'NONEXISTENT', 'GETMETADATA Nowhere /private/comment'],
  ['SETMETADATA', 'NONEXISTENT', 'SETMETADATA Nowhere (/private/comment "x")'],
  ['SETMETADATA', 'NOPERM', 'SETMETADATA "" (/shared/comment "x")'],
  ['SETMETADATA', 'CANNOT', 'SETMETADATA "" (/private/filters/values/x "MOON")'],
  ['SETMETADATA', 'USEATTR', 'SETMETADATA INBOX (/private/specialuse "\\\\Junk")'],
  ['SETACL', 'CANNOT', 'SETACL INBOX nobody@example.test lr'],
  ['SETACL', 'NONEXISTENT', 'SETACL Nowhere anyone lr'],
  ['LISTRIGHTS', 'CANNOT', 'LISTRIGHTS INBOX nobody@example.test'],
  ['MYRIGHTS', 'NONEXISTENT', 'MYRIGHTS Nowhere'],
  ['GETQUOTA', 'NONEXISTENT', 'GETQUOTA "nowhere"'],
  ['SETQUOTA', 'NOPERM', 'SETQUOTA "#user/alice@example.test" (MESSAGE 5)'],
];

/** In other states: what is done before on the same connection, by somebody who has not signed in. */
const ELSEWHERE: readonly (readonly [
  command: string,
  code: string,
  line: string,
  before: (client: ImapClient) => Promise<unknown>,
])[] = [
  ['LOGIN', 'AUTHENTICATIONFAILED', 'LOGIN alice@example.test wrong', () => Promise.resolve()],
  ['AUTHENTICATE', 'CANNOT', 'AUTHENTICATE GSSAPI', () => Promise.resolve()],
  [
    'AUTHENTICATE',
    'AUTHORIZATIONFAILED',
    `AUTHENTICATE PLAIN ${Buffer.from(`bob\0alice@example.test\0${PASSWORD}`).toString('base64')}`,
    () => Promise.resolve(),
  ],
  ['SELECT', 'NONEXISTENT', 'SELECT Nowhere', signIn],
  ['COMPRESS', 'LIMIT', 'COMPRESS DEFLATE', signIn],
  ['STORE', 'CANNOT', 'STORE 1 +FLAGS (\\Seen)', examine],
  ['EXPUNGE', 'CANNOT', 'EXPUNGE', examine],
  ['REPLACE', 'CANNOT', `REPLACE 1 INBOX ${LITERAL}`, examine],
];

async function signIn(client: ImapClient): Promise<void> {
  await client.run(`LOGIN alice@example.test "${PASSWORD}"`);
}

async function examine(client: ImapClient): Promise<void> {
  await signIn(client);
  await client.run('EXAMINE INBOX');
}

inVariants((variant) => {
  async function withGateway(use: (gateway: TestGateway) => Promise<void>): Promise<void> {
    const limits = { messageBytes: 2000, compressedConnections: 0 };
    const gateway = await TestGateway.start({ limits, variant });
    try {
      await gateway.addUser('alice@example.test', { quotaBytes: 2000 });
      await use(gateway);
    } finally {
      await gateway.stop();
    }
  }

  test('in a mailbox', async () => {
    await withGateway(async (gateway) => {
      const client = await gateway.signIn('INBOX');
      await client.append('INBOX', `Subject: x\r\n\r\n${'y'.repeat(1000)}`);
      await client.append('INBOX', 'Content-Transfer-Encoding: x-own\r\n\r\nbody\r\n');
      await client.run('CREATE Level/Below');
      await client.run('DELETE Level');
      const answers: string[] = [];
      for (const [command, , line] of REFUSED) {
        const answer = (await client.run(line)).at(-1) ?? '';
        answers.push(`${command} ${/^tag (?:NO|BAD) \[([A-Z-]+)/.exec(answer)?.[1] ?? answer}`);
      }
      expect(answers).toEqual(REFUSED.map(([command, code]) => `${command} ${code}`));
      expect(await client.run('STATUS INBOX (MESSAGES)')).toContain('* STATUS INBOX (MESSAGES 2)');
    });
  });

  test.each(ELSEWHERE.map(([command, code, line, before]) => ({ command, code, line, before })))(
    '$command: $code',
    async ({ code, line, before }) => {
      await withGateway(async (gateway) => {
        const writer = await gateway.signIn();
        await writer.append('INBOX', 'Subject: x\r\n\r\n');
        const client = await gateway.connect();
        await before(client);
        expect((await client.run(line)).at(-1)).toMatch(new RegExp(`^tag NO \\[${code}\\] `));
      });
    },
  );
});
test('the table of response codes lists just these', async () => {
  const text = await readFile(join(ROOT, 'docs/CONFORMANCE.md'), 'utf8');
  const section = text.split('\n## Response codes\n')[1]?.split('\n## ')[0] ?? '';
  const listed = [...section.matchAll(/^\| ([A-Z]+) +\| ([^|]*)\|/gm)].flatMap(
    ([, command = '', codes = '']) =>
      [...codes.matchAll(/`([A-Z-]+)`/g)].map(([, code = '']) => `${command} ${code}`),
  );
  const provoked = [...REFUSED, ...ELSEWHERE].map(([command, code]) => `${command} ${code}`);
  expect(listed.sort()).toEqual(provoked.sort());
});
