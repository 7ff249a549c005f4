import { describe, expect, test } from '@jest/globals';
import { checkPortsDiffer, readSettings } from '../../../infra/local/settings.ts';
import { SetupError } from '../../../infra/local/setup-error.ts';

const read = (flags: Record<string, string | boolean> = {}, environment: Record<string, string> = {}) =>
  readSettings(flags, environment, '/home/ann');

describe('settings of a local instance', () => {
  test('defaults: loopback only, fixed ports, data in .quire', () => {
    expect(read()).toEqual({
      host: '127.0.0.1',
      imapPort: 1143,
      imapsPort: 1993,
      smtpPort: 1025,
      data: '/home/ann/.quire',
      json: false,
      demo: true,
      logLevel: 'info',
      metrics: false,
      unauthenticate: true,
      mailTable: 'mail',
      directoryTable: 'directory',
      keysTable: 'keys',
      blobFormat: 'framed',
      dataKeys: true,
    });
  });

  test('raw messages are not encrypted, and who wants them says so', () => {
    expect(read({ blobFormat: 'raw', dataKeys: false })).toMatchObject({
      blobFormat: 'raw',
      dataKeys: false,
    });
    expect(read({}, { QUIRE_DATA_KEYS: 'no' })).toMatchObject({ blobFormat: 'framed', dataKeys: false });
    expect(() => read({ blobFormat: 'raw' })).toThrow(/give --no-data-keys as well/);
    expect(() => read({ blobFormat: 'zip' })).toThrow(
      /--blob-format is "zip", but it must be one of framed, raw/,
    );
  });

  test('a variable replaces a default, a flag replaces a variable', () => {
    expect(read({}, { QUIRE_IMAP_PORT: '2143', QUIRE_DATA: '/srv/mail' })).toMatchObject({
      imapPort: 2143,
      data: '/srv/mail',
    });
    expect(read({ imapPort: '0' }, { QUIRE_IMAP_PORT: '2143' }).imapPort).toBe(0);
  });

  test('two listeners on one port are one sentence; any number may have any free one', () => {
    const check = (flags: Record<string, string>) => () => checkPortsDiffer(read(flags));
    expect(check({ imapPort: '2143', smtpPort: '2143' })).toThrow(SetupError);
    expect(check({ imapPort: '2143', smtpPort: '2143' })).toThrow(
      '--imap-port and --smtp-port are both 2143',
    );
    expect(check({ imapPort: '1993' })).toThrow('--imap-port and --imaps-port are both 1993');
    expect(check({})).not.toThrow();
    expect(check({ imapPort: '0', imapsPort: '0', smtpPort: '0' })).not.toThrow();
  });

  test('an empty variable is not set', () => {
    expect(read({}, { QUIRE_IMAP_PORT: '' }).imapPort).toBe(1143);
  });

  test('--no-demo and QUIRE_DEMO=no make no accounts; commander’s default of true is not the person’s word', () => {
    expect(read({ demo: false }).demo).toBe(false);
    expect(read({ demo: true }, { QUIRE_DEMO: 'no' }).demo).toBe(false);
    expect(read({ json: true }, { QUIRE_JSON: 'no' }).json).toBe(true);
  });

  test('UNAUTHENTICATE is served unless a person says no', () => {
    expect(read({ unauthenticate: true }).unauthenticate).toBe(true);
    expect(read({ unauthenticate: false }).unauthenticate).toBe(false);
    expect(read({}, { QUIRE_UNAUTHENTICATE: 'no' }).unauthenticate).toBe(false);
  });

  test('a limit of messages is what clients can live with, or none', () => {
    expect(read()).not.toHaveProperty('messageLimit');
    expect(read({ messageLimit: '5000' }).messageLimit).toBe(5000);
    expect(read()).not.toHaveProperty('literalLimit');
    expect(read({ literalLimit: '4096' }).literalLimit).toBe(4096);
    expect(() => read({ literalLimit: '100' })).toThrow('must be a whole number from 4096 on');
    expect(() => read({}, { QUIRE_MESSAGE_LIMIT: '999' })).toThrow(
      'QUIRE_MESSAGE_LIMIT is "999", but it must be a whole number from 1000 on.',
    );
  });

  test('endpoints elsewhere', () => {
    expect(
      read({ dynamodbEndpoint: 'http://127.0.0.1:8000/', mailBucket: 'mail-1', inboundBucket: 'inbound-1' }),
    ).toMatchObject({
      dynamodbEndpoint: 'http://127.0.0.1:8000',
      s3: { mailBucket: 'mail-1', inboundBucket: 'inbound-1' },
    });
  });

  test.each<[Record<string, string | boolean>, Record<string, string>, RegExp]>([
    [{ imapPort: '65536' }, {}, /--imap-port is "65536"/],
    [{ imapPort: '-1' }, {}, /--imap-port/],
    [{ smtpPort: '1e3' }, {}, /--smtp-port/],
    [{}, { QUIRE_IMAPS_PORT: 'imaps' }, /QUIRE_IMAPS_PORT is "imaps"/],
    [{ host: 'my host' }, {}, /--host/],
    [{ logLevel: 'loud' }, {}, /--log-level.*debug/],
    [{}, { QUIRE_DEMO: 'perhaps' }, /QUIRE_DEMO/],
    [{ dynamodbEndpoint: 'localhost:8000' }, {}, /--dynamodb-endpoint/],
    [{ dynamodbEndpoint: 'http://user:word@localhost:8000' }, {}, /must not hold/],
    [{ s3Endpoint: 'http://127.0.0.1:9000' }, {}, /--mail-bucket and --inbound-bucket/],
    [{ mailBucket: 'one-bucket', inboundBucket: 'one-bucket' }, {}, /two buckets/],
    [{ mailBucket: 'UPPER', inboundBucket: 'inbound' }, {}, /bucket's name/],
    [{ mailTable: 'ab' }, {}, /3 to 255/],
    [{ host: '0.0.0.0' }, {}, /--no-demo/],
  ])('%j %j is refused in one sentence', (flags, environment, sentence) => {
    expect(() => read(flags, environment)).toThrow(SetupError);
    expect(() => read(flags, environment)).toThrow(sentence);
  });

  test('a public address is fine without demonstration accounts', () => {
    expect(read({ host: '0.0.0.0', demo: false }).host).toBe('0.0.0.0');
  });
});
