/**
 * Properties of FETCH for mail of every kind, most of it broken, on the wire: answers are well-formed, sizes are those of
 * what is sent, parts of a section make up the whole.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { inVariants } from '../../support/conformance.ts';
import { PASSWORD, TestGateway } from '../../support/gateway.ts';
import { storeMail } from '../../support/stored-mail.ts';
import { ImapConnection } from '../../hunt/imap-connection.ts';
import { Transcript } from '../../hunt/transcript.ts';
import { readFetch, type WireString, type WireValue } from '../../support/fetch-answer.ts';
import { partsOf } from '../../support/part-numbers.ts';
import { ENABLED, seedOf } from '../../support/variants.ts';
import { anyMail } from '../../unit/message/arbitrary-mail.ts';
import { checkBody, checkEnvelope, type ImapValue } from '../../unit/message/imap-reader.ts';

/** A mailbox of so many is filled in each variant, with other mail, and asked about. */
const MESSAGES = 40;

const bytesOf = (value: WireValue | undefined): string => (value as WireString | null)?.text ?? '';
/** BODY sends NUL, which it must not hold, as 0x80. */
const asSent = (mail: Buffer): string => mail.toString('latin1').replaceAll('\0', '\x80');

/** As the reader of values gives it. */
function plain(value: WireValue | undefined): ImapValue {
  if (value === null || typeof value === 'number') return value;
  if (Array.isArray(value)) return value.map(plain);
  return (value as WireString).text;
}

/** Octets of every part that is no multipart, by its number. */
function octetsOf(body: ImapValue, number: string, found = new Map<string, number>()): Map<string, number> {
  if (!Array.isArray(body)) return found;
  const inside = (index: number): string => (number === '' ? `${index}` : `${number}.${index}`);
  const children = body.filter(
    (each, index) => Array.isArray(each) && body.slice(0, index).every(Array.isArray),
  );
  if (children.length > 0) {
    children.forEach((child, index) => ownOctets(child as ImapValue[], inside(index + 1), found));
  } else ownOctets(body, inside(1), found);
  return found;
}

function ownOctets(body: ImapValue[], own: string, found: Map<string, number>): void {
  if (Array.isArray(body[0])) {
    octetsOf(body, own, found);
    return;
  }
  found.set(own, body[6] as number);
  if (Array.isArray(body[8])) octetsOf(body[8], own, found);
}

inVariants((variant) => {
  const options = { numRuns: MESSAGES, seed: 9051 + seedOf(variant) };
  const mails = fc.sample(anyMail(), options).filter((mail) => mail.length > 0);

  let gateway: TestGateway;
  let client: ImapConnection;
  beforeAll(async () => {
    gateway = await TestGateway.start({ variant });
    const account = await gateway.addUser();
    await storeMail(
      gateway,
      account,
      mails.map((bytes) => ({ bytes, arrived: 0 })),
    );
    const secure = variant === 'tls';
    client = await ImapConnection.open(gateway.port, new Transcript('any mail'), { secure });
    await client.run(`LOGIN alice@example.test "${PASSWORD}"`);
    const word = ENABLED[variant];
    if (word !== null) await client.run(`ENABLE ${word}`);
    if (secure) await client.compress();
    await client.run('SELECT INBOX');
  });
  afterAll(async () => {
    client.destroy();
    await gateway.stop();
  });

  /** By its UID, which in this mailbox is its number. */
  async function fetched(uid: number, items: string): Promise<ReadonlyMap<string, WireValue>> {
    const { status, text, untagged } = await client.run(`UID FETCH ${uid} (${items})`);
    if (status !== 'OK') throw new Error(`${items}: ${text}`);
    const [answer] = untagged.map(readFetch).filter((each) => each !== null);
    if (!answer) throw new Error(`no answer to ${items}`);
    return answer.items;
  }

  /** Each message in turn; a failure names it. */
  async function forEachMail(check: (mail: Buffer, uid: number) => Promise<void>): Promise<void> {
    for (const [index, mail] of mails.entries()) {
      await check(mail, index + 1).catch((error: unknown) => {
        throw new Error(`${String(error)}\nof message ${JSON.stringify(mail.toString('latin1'))}`, {
          cause: error,
        });
      });
    }
  }

  test('ENVELOPE, BODY and BODYSTRUCTURE are of the grammar, and the message is what was appended', async () => {
    await forEachMail(async (mail, uid) => {
      const items = await fetched(uid, 'ENVELOPE BODY BODYSTRUCTURE RFC822.SIZE BODY.PEEK[]');
      checkEnvelope(plain(items.get('ENVELOPE')));
      checkBody(plain(items.get('BODY')), { extended: false });
      checkBody(plain(items.get('BODYSTRUCTURE')), { extended: true });
      expect(items.get('RFC822.SIZE')).toBe(mail.length);
      expect(bytesOf(items.get('BODY[]'))).toBe(asSent(mail));
    });
  });

  test('header and text make up the message, MIME header and body of every part are in it', async () => {
    await forEachMail(async (mail, uid) => {
      const items = await fetched(uid, 'BODYSTRUCTURE BODY.PEEK[HEADER] BODY.PEEK[TEXT]');
      expect(bytesOf(items.get('BODY[HEADER]')) + bytesOf(items.get('BODY[TEXT]'))).toBe(asSent(mail));
      for (const part of partsOf(items.get('BODYSTRUCTURE')).all) {
        const found = await fetched(uid, `BODY.PEEK[${part}.MIME] BODY.PEEK[${part}]`);
        const whole = bytesOf(found.get(`BODY[${part}.MIME]`)) + bytesOf(found.get(`BODY[${part}]`));
        expect(asSent(mail)).toContain(whole);
      }
      for (const part of partsOf(items.get('BODYSTRUCTURE')).messages) {
        const found = await fetched(
          uid,
          `BODY.PEEK[${part}] BODY.PEEK[${part}.HEADER] BODY.PEEK[${part}.TEXT]`,
        );
        const [header, text] = [found.get(`BODY[${part}.HEADER]`), found.get(`BODY[${part}.TEXT]`)];
        expect(bytesOf(header) + bytesOf(text)).toBe(bytesOf(found.get(`BODY[${part}]`)));
      }
    });
  });

  test('octets of a body structure are those of the part', async () => {
    await forEachMail(async (_mail, uid) => {
      const { all } = partsOf((await fetched(uid, 'BODYSTRUCTURE')).get('BODYSTRUCTURE'));
      const structure = plain((await fetched(uid, 'BODYSTRUCTURE')).get('BODYSTRUCTURE'));
      const octets = octetsOf(structure, '');
      for (const part of all) {
        const told = octets.get(part);
        if (told === undefined) continue;
        expect(bytesOf((await fetched(uid, `BODY.PEEK[${part}]`)).get(`BODY[${part}]`))).toHaveLength(told);
      }
    });
  });

  test('partials in a row make up the section, whatever their length', async () => {
    await forEachMail(async (mail, uid) => {
      const step = 1 + (uid % 97);
      for (const section of ['', 'HEADER', 'TEXT', '1', 'HEADER.FIELDS.NOT (TO)']) {
        const whole = bytesOf((await fetched(uid, `BODY.PEEK[${section}]`)).get(`BODY[${section}]`));
        const starts = Array.from({ length: Math.ceil(mail.length / step) + 1 }, (_, index) => index * step);
        const items = starts.map((start) => `BODY.PEEK[${section}]<${start}.${step}>`);
        const answers = await fetched(uid, items.join(' '));
        expect(starts.map((start) => bytesOf(answers.get(`BODY[${section}]<${start}>`))).join('')).toBe(
          whole,
        );
      }
    });
  });

  test('BINARY is as long as BINARY.SIZE says, holds NUL in a literal8 only, and is made up of its parts', async () => {
    await forEachMail(async (mail, uid) => {
      const { all } = partsOf((await fetched(uid, 'BODYSTRUCTURE')).get('BODYSTRUCTURE'));
      const step = 1 + (uid % 53);
      for (const part of ['', ...all]) {
        const { status, text, untagged } = await client.run(
          `UID FETCH ${uid} (BINARY.PEEK[${part}] BINARY.SIZE[${part}])`,
        );
        if (status === 'NO') {
          expect(text).toMatch(/^\[UNKNOWN-CTE\]/);
          continue;
        }
        const items = untagged.map(readFetch).find((each) => each !== null)?.items;
        const whole = items?.get(`BINARY[${part}]`) as WireString;
        expect(items?.get(`BINARY.SIZE[${part}]`)).toBe(whole.text.length);
        expect(whole.form === 'literal8').toBe(whole.text.includes('\0'));
        const starts = Array.from({ length: Math.ceil(mail.length / step) + 1 }, (_, index) => index * step);
        const answers = await fetched(
          uid,
          starts.map((start) => `BINARY.PEEK[${part}]<${start}.${step}>`).join(' '),
        );
        expect(starts.map((start) => bytesOf(answers.get(`BINARY[${part}]<${start}>`))).join('')).toBe(
          whole.text,
        );
      }
    });
  });
});
