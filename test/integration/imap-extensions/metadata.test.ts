/** METADATA (RFC 5464) and LIST-METADATA (RFC 9590). */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MAX_ANNOTATIONS, MAX_ANNOTATION_BYTES } from '../../../shared/account/annotations.ts';
import { conforms, inVariants } from '../../support/conformance.ts';
import { TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';
import { beforeCommit } from '../../support/under-way.ts';

conforms('METADATA', 'annotations are set, told, and taken away', async (gateway) => {
  const client = await gateway.signIn();
  await client.play(`
    C: a SETMETADATA INBOX (/private/comment "mine" /shared/comment {4+}
    C: ours)
    S: a OK annotations set
    C: b GETMETADATA INBOX (/shared/comment /Private/Comment /shared/vendor/none/x)
    S: * METADATA INBOX (/shared/comment "ours" /Private/Comment "mine" /shared/vendor/none/x NIL)
    S: b OK annotations told
    C: c SETMETADATA INBOX (/private/comment NIL)
    S: c OK annotations set
    C: d GETMETADATA INBOX /private/comment
    S: * METADATA INBOX (/private/comment NIL)
    S: d OK annotations told
  `);
});

conforms('METADATA', 'MAXSIZE leaves out what is longer, and DEPTH brings what is below', async (gateway) => {
  const client = await gateway.signIn();
  await client.play(`
    C: a SETMETADATA "" (/private/filters/values/small "SMALLER 5000" /private/filters/values/boss/a "FROM x")
    S: a OK annotations set
    C: b GETMETADATA "" (DEPTH 1) /private/filters/values
    S: * METADATA "" (/private/filters/values/small "SMALLER 5000")
    S: b OK annotations told
    C: c GETMETADATA (DEPTH infinity MAXSIZE 6) "" (/private/filters)
    S: * METADATA "" (/private/filters/values/boss/a "FROM x")
    S: c OK [METADATA LONGENTRIES 12] annotations told, but for those that are too long
    C: d GETMETADATA "" (MAXSIZE 5) /private/filters/values/small
    S: d OK [METADATA LONGENTRIES 12] annotations told, but for those that are too long
    C: e GETMETADATA "" (DEPTH 1) /private/nothing
    S: * METADATA "" (/private/nothing NIL)
    S: e OK annotations told
  `);
});

conforms('LIST-METADATA', 'LIST brings the annotations of each mailbox that it selects', async (gateway) => {
  const client = await gateway.signIn();
  await client.play(`
    C: a CREATE Work/Notes
    S: a OK mailbox created
    C: b DELETE Work
    S: b OK …
    C: c SETMETADATA Work/Notes (/shared/comment "x")
    S: c OK annotations set
    C: d LIST "" (Work* Trash) RETURN (METADATA (/shared/comment /private/comment))
    S: * LIST (\\HasNoChildren \\Trash) "/" Trash
    S: * METADATA Trash (/shared/comment NIL /private/comment NIL)
    S: * LIST (\\NonExistent \\Noselect \\HasChildren) "/" Work
    S: * LIST (\\HasNoChildren) "/" Work/Notes
    S: * METADATA Work/Notes (/shared/comment "x" /private/comment NIL)
    S: d OK mailboxes listed
  `);
});

inVariants((variant) => {
  describe('METADATA in its corners', () => {
    let gateway: TestGateway;
    let client: ImapClient;
    beforeEach(async () => {
      gateway = await TestGateway.start({ variant });
      await gateway.addUser();
      client = await gateway.signIn();
    });
    afterEach(() => gateway.stop());

    test('a value may be anything: lines, NUL, no octets, NIL as a string', async () => {
      const values = '/private/a ~{3+}\r\n\0\xff\n /private/b {4+}\r\nx\r\ny /private/c "" /private/d "NIL"';
      expect((await client.run(`SETMETADATA INBOX (${values})`)).at(-1)).toMatch(/^tag OK/);
      const told = await client.run('GETMETADATA INBOX (/private/a /private/b /private/c /private/d)');
      expect(told.slice(0, -1).join('\r\n')).toBe(`* METADATA INBOX (${values.replaceAll('+', '')})`);
    });

    test('what is no entry name, no value and no option is BAD', async () => {
      for (const command of [
        'SETMETADATA INBOX (comment "x")',
        'SETMETADATA INBOX (/private "x")',
        'SETMETADATA INBOX ("/private/a*" "x")',
        'SETMETADATA INBOX (/private//a "x")',
        'SETMETADATA INBOX (/private/a/ "x")',
        'SETMETADATA INBOX (/other/a "x")',
        'SETMETADATA INBOX (/private/a)',
        'SETMETADATA INBOX ()',
        'SETMETADATA INBOX /private/a "x"',
        'GETMETADATA INBOX (DEPTH 2) /private/a',
        'GETMETADATA INBOX (MAXSIZE x) /private/a',
        'GETMETADATA INBOX',
        'GETMETADATA INBOX "/private/%"',
      ])
        expect(`${command}: ${(await client.run(command)).at(-1) ?? ''}`).toContain(': tag BAD ');
    });

    test('what is refused changes nothing, and says what the limit is', async () => {
      const long = 'x'.repeat(MAX_ANNOTATION_BYTES + 1);
      expect(
        (await client.run(`SETMETADATA INBOX (/private/a "1" /private/b {${long.length}+}\r\n${long})`)).at(
          -1,
        ),
      ).toMatch(`tag NO [METADATA MAXSIZE ${MAX_ANNOTATION_BYTES}] `);
      for (let index = 0; index < MAX_ANNOTATIONS; index += 50) {
        const some = Array.from({ length: 50 }, (_, offset) => `/private/n${index + offset} "x"`);
        expect((await client.run(`SETMETADATA INBOX (${some.join(' ')})`)).at(-1)).toMatch(/^tag OK/);
      }
      expect((await client.run('SETMETADATA INBOX (/private/n0 "y" /private/a "1")')).at(-1)).toMatch(
        /^tag NO \[METADATA TOOMANY\] /,
      );
      await client.play(`
      C: a GETMETADATA INBOX (/private/a /private/b /private/n0)
      S: * METADATA INBOX (/private/a NIL /private/b NIL /private/n0 "x")
      S: a OK annotations told
      C: b SETMETADATA Nowhere (/private/a "1")
      S: b NO [NONEXISTENT] …
      C: c GETMETADATA Nowhere /private/a
      S: c NO [NONEXISTENT] …
      C: d SETMETADATA "" (/shared/comment "all of you")
      S: d NO [NOPERM] …
      C: d2 SETMETADATA "" (/private/comment "x" /shared/comment "all of you")
      S: d2 NO [NOPERM] …
      C: e GETMETADATA "" /shared/comment
      S: * METADATA "" (/shared/comment NIL)
      S: e OK annotations told
    `);
    });

    test('shared entries of the server are an administrator’s to set, and everybody’s to see', async () => {
      const bob = 'bob@example.test';
      await gateway.addUser(bob);
      const login = gateway.logins.get(bob);
      if (!login) throw new Error('bob is a user');
      gateway.logins.set(bob, { ...login, administrator: true });
      const administrator = await gateway.signIn(undefined, bob);
      await administrator.play(`
      C: a SETMETADATA "" (/shared/comment "maintenance at noon" /shared/filters/values/big "LARGER 10")
      S: a OK annotations set
      C: b SETMETADATA "" (/shared/admin "mailto:x@example.test")
      S: b NO [NOPERM] …
      C: c SETMETADATA "" (/private/comment "x" /shared/comment "y")
      S: c NO [CANNOT] …
    `);
      await client.append('INBOX', 'Subject: x\r\n\r\nlong enough\r\n');
      await client.run('SELECT INBOX');
      await client.play(`
      C: d GETMETADATA "" (/shared/comment /private/comment)
      S: * METADATA "" (/shared/comment "maintenance at noon" /private/comment NIL)
      S: d OK annotations told
      C: e SEARCH FILTER big
      S: * SEARCH 1
      S: e OK searched
    `);
      await administrator.run('SETMETADATA "" (/shared/comment NIL)');
      expect(await client.run('GETMETADATA "" /shared/comment')).toContain(
        '* METADATA "" (/shared/comment NIL)',
      );
      const long = 'x'.repeat(MAX_ANNOTATION_BYTES + 1);
      expect(
        (await administrator.run(`SETMETADATA "" (/shared/a {${long.length}+}\r\n${long})`)).at(-1),
      ).toMatch(/^tag NO \[METADATA MAXSIZE/);
    });

    test('the special use of a mailbox is its owner’s entry, and only CREATE gives it (RFC 6154 §4)', async () => {
      await client.play(`
      C: a GETMETADATA Drafts /private/specialuse
      S: * METADATA Drafts (/private/specialuse "\\\\Drafts")
      S: a OK annotations told
      C: b GETMETADATA (DEPTH 1) INBOX (/private/specialuse)
      S: * METADATA INBOX (/private/specialuse NIL)
      S: b OK annotations told
      C: c SETMETADATA INBOX (/private/specialuse "\\\\Drafts" /private/comment "x")
      S: c NO [USEATTR] …
      C: d SETMETADATA Drafts (/private/specialuse NIL)
      S: d NO [USEATTR] …
      C: e SETMETADATA Drafts (/private/specialuse "\\\\drafts" /private/comment "x")
      S: e OK annotations set
      C: f LIST "" (INBOX Drafts) RETURN (METADATA (/private/specialuse /private/comment))
      S: * LIST (\\HasNoChildren) "/" INBOX
      S: * METADATA INBOX (/private/specialuse NIL /private/comment NIL)
      S: * LIST (\\HasNoChildren \\Drafts) "/" Drafts
      S: * METADATA Drafts (/private/specialuse "\\\\Drafts" /private/comment "x")
      S: f OK mailboxes listed
    `);
      const bob = 'bob@example.test';
      await gateway.addUser(bob);
      await client.run(`SETACL Drafts ${bob} lr`);
      const guest = await gateway.signIn(undefined, bob);
      await guest.play(`
      C: a GETMETADATA #user/alice@example.test/Drafts /private/specialuse
      S: * METADATA #user/alice@example.test/Drafts (/private/specialuse NIL)
      S: a OK annotations told
    `);
    });

    test('are set for who has the name when they are committed, even if another session renames the mailbox before', async () => {
      const other = await gateway.signIn();
      await client.run('CREATE One');
      beforeCommit(gateway, async () => {
        await other.run('RENAME One Two');
        await other.run('CREATE One');
      });
      await client.play(`
      C: a SETMETADATA One (/private/comment "1")
      S: a OK annotations set
      C: b GETMETADATA One /private/comment
      S: * METADATA One (/private/comment "1")
      S: b OK annotations told
      C: c GETMETADATA Two /private/comment
      S: * METADATA Two (/private/comment NIL)
      S: c OK annotations told
    `);
    });

    test('follow a mailbox that is renamed, and go with one that is deleted', async () => {
      await client.play(`
      C: a CREATE One
      S: a OK mailbox created
      C: b SETMETADATA One (/private/comment "1")
      S: b OK annotations set
      C: c RENAME One Tw&APY-
      S: c OK …
      C: d GETMETADATA Tw&APY- /private/comment
      S: * METADATA Tw&APY- (/private/comment "1")
      S: d OK annotations told
      C: e DELETE Tw&APY-
      S: e OK …
      C: f CREATE Tw&APY-
      S: f OK mailbox created
      C: g GETMETADATA Tw&APY- /private/comment
      S: * METADATA Tw&APY- (/private/comment NIL)
      S: g OK annotations told
    `);
    });
  });
});
