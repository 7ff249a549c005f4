/** The commands that look after accounts, on a stopped instance and on a running one. */
import { describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { freePorts } from '../../support/free-port.ts';
import { run } from './command-here.ts';
import { start } from './instance-here.ts';
import { eventually } from './processes.ts';
import { inbox, run as runAsProcess, sendMail } from './quire-command.ts';
import { temporaryFolder } from './temporary-folder.ts';

describe('quire user, quire alias', () => {
  test('work on a stopped instance and on a running one', async () => {
    const data = path.join(await temporaryFolder(), 'data');
    await mkdir(data);
    const at = ['--data', data];
    const add = await run(
      ['user', 'add', 'Carol@Example.test', '--password-stdin', '--name', 'Carol', ...at],
      'first-secret\n',
    );
    expect(add).toEqual({ status: 0, output: 'carol@example.test has an account.\n', errors: '' });
    const again = await run(['user', 'add', 'carol@example.test', '--password-stdin', ...at], 'x-secret-x');
    expect(again.status).toBe(1);
    expect(again.errors).toMatch(/^quire: the address carol@example\.test exists already[^\n]*\n$/);

    const { ready } = await start(data);
    // Somebody is there: this is no first start.
    expect(ready.accounts).toEqual([]);
    const alias = await run(['alias', 'add', 'team@example.test', 'carol@example.test', ...at]);
    expect(alias.output).toBe('team@example.test leads to carol@example.test.\n');
    await sendMail(ready.smtp, 'team@example.test', 'by alias');
    await eventually(
      async () => (await inbox(ready.imap, 'carol@example.test', 'first-secret')).length === 1,
    );

    await run(['user', 'password', 'carol@example.test', '--password-stdin', ...at], 'second-secret\n');
    await expect(inbox(ready.imap, 'carol@example.test', 'first-secret')).rejects.toThrow();
    expect(await inbox(ready.imap, 'carol@example.test', 'second-secret')).toHaveLength(1);

    await run(['user', 'disable', 'carol@example.test', ...at]);
    expect((await run(['user', 'list', ...at])).output).toMatch(
      /^carol@example\.test\tdisabled\t50GB\t5000000\tCarol\t[0-9a-f]{20}\n$/,
    );
    await expect(sendMail(ready.smtp, 'carol@example.test', 'too late')).rejects.toThrow(/550/);
    await run(['user', 'enable', 'carol@example.test', ...at]);

    const inUse = await run(['user', 'remove', 'carol@example.test', ...at]);
    expect([inUse.status, inUse.errors]).toEqual([1, expect.stringContaining('team@example.test')]);
    await run(['alias', 'remove', 'team@example.test', ...at]);
    expect((await run(['alias', 'list', ...at])).output).toBe('');
    expect((await run(['user', 'remove', 'carol@example.test', ...at])).status).toBe(0);
  });

  test('a start tells of the accounts that it has made, while they have their first password', async () => {
    const data = await temporaryFolder();
    const at = ['--data', data];
    const accounts = async (): Promise<string[]> => {
      const { ready, stop } = await start(data);
      await stop();
      return ready.accounts.map(({ address }) => address);
    };
    expect(await accounts()).toEqual(['alice@example.test', 'bob@example.test']);
    await run(['user', 'password', 'alice@example.test', '--password-stdin', ...at], 'her own');
    expect(await accounts()).toEqual(['bob@example.test']);
    // One that is gone is not made again beside others.
    await run(['user', 'remove', 'bob@example.test', ...at]);
    await run(['user', 'add', 'carol@example.test', '--password-stdin', ...at], 'quire-demo');
    expect(await accounts()).toEqual([]);
  });

  test('a password is never taken from a pipe unasked, nor an empty one at all', async () => {
    const at = ['--data', await temporaryFolder()];
    const unasked = await runAsProcess(['user', 'add', 'carol@example.test', ...at], 'secret-one');
    expect([unasked.status, unasked.errors]).toEqual([1, expect.stringContaining('--password-stdin')]);
    const empty = await runAsProcess(['user', 'add', 'carol@example.test', '--password-stdin', ...at], '\n');
    expect([empty.status, empty.errors]).toEqual([1, expect.stringContaining('the password')]);
  });

  test('--aws without its settings names the one that is missing', async () => {
    const result = await run(['user', 'list', '--aws', '--data', await temporaryFolder()]);
    expect([result.status, result.errors]).toEqual([
      1,
      expect.stringMatching(/^quire: set AWS_REGION[^\n]*\n$/),
    ]);
  });
});

describe('a place that is not there', () => {
  test('--aws without credentials is one sentence', async () => {
    const names = {
      MAIL_TABLE: 'mail',
      DIRECTORY_TABLE: 'directory',
      MAIL_BUCKET: 'mail',
      INBOUND_BUCKET: 'inbound',
    };
    const stores = Object.entries(names).map(([name, value]) => [`QUIRE_${name}`, value] as const);
    const result = await run(['user', 'list', '--aws'], '', {
      ...Object.fromEntries(stores),
      AWS_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    });
    expect([result.status, result.errors]).toEqual([
      1,
      expect.stringMatching(/^quire: AWS refused what was asked of it \(CredentialsProviderError: [^\n]*\n$/),
    ]);
  });

  test('a data folder that was typed wrong is said to be missing, and none is made', async () => {
    const data = path.join(await temporaryFolder(), 'typo');
    for (const command of [
      ['user', 'list'],
      ['user', 'disable', 'carol@example.test'],
      ['alias', 'list'],
      ['domain', 'add', 'example.test'],
    ])
      expect(await run([...command, '--data', data])).toEqual({
        status: 1,
        output: '',
        errors: `quire: There is no data folder ${data}: name that of your instance with --data, or have "npm start" make one.\n`,
      });
    expect(existsSync(data)).toBe(false);
  });

  test.each([
    ['--dynamodb-endpoint', 'start'],
    ['--dynamodb-endpoint', 'user list'],
    ['--sqs-endpoint', 'start'],
  ])('%s of %s that nobody answers at is one sentence', async (flag, command) => {
    const [port] = await freePorts(1);
    const ports = command === 'start' ? ['--imap-port', '0', '--imaps-port', '0', '--smtp-port', '0'] : [];
    const place = [flag, `http://127.0.0.1:${port ?? 0}`, '--log-level', 'error'];
    const at = ['--data', await temporaryFolder()];
    const result = await run([...command.split(' '), ...ports, ...place, ...at]);
    expect(result).toEqual({
      status: 1,
      output: '',
      errors: `quire: A store cannot be reached at 127.0.0.1:${port ?? 0} (ECONNREFUSED): start it, or give another place with --dynamodb-endpoint, --sqs-endpoint or --s3-endpoint.\n`,
    });
  });
});

describe('quire user quota', () => {
  test('what an account may take is said when it is made, shown, and changed', async () => {
    const at = ['--data', await temporaryFolder()];
    const limits = ['--quota', '500MB', '--messages', '1000'];
    const add = await run(
      ['user', 'add', 'carol@example.test', '--password-stdin', ...limits, ...at],
      'some-secret',
    );
    expect(add).toMatchObject({ status: 0, errors: '' });
    expect((await run(['user', 'list', ...at])).output).toMatch(
      /^carol@example\.test\tactive\t500MB\t1000\t\t[0-9a-f]{20}\n$/,
    );
    const changed = await run(['user', 'quota', 'Carol@example.test', '1.5 gb', ...at]);
    expect(changed.output).toBe('carol@example.test may have 1536MB in 1000 messages.\n');
    await run(['user', 'quota', 'carol@example.test', '2TB', '--messages', '7', ...at]);
    expect((await run(['user', 'list', ...at])).output).toContain('carol@example.test\tactive\t2TB\t7\t');
  });

  test('what is wrong is one sentence and 1', async () => {
    const data = await temporaryFolder();
    await start(data);
    const wrong: [string[], RegExp][] = [
      [
        ['user', 'quota', 'carol@example.test', '50'],
        /^quire: The size is "50", but a size is a number with its unit/,
      ],
      [['user', 'quota', 'carol@example.test', '1GB', '--messages', 'many'], /^quire: --messages is "many"/],
      [['user', 'quota', 'nobody@example.test', '1GB'], /^quire: there is no user with the address nobody@/],
      [['user', 'add', 'carol@example.test', '--quota', 'much'], /^quire: --quota is "much"/],
    ];
    for (const [args, sentence] of wrong) {
      const result = await run([...args, '--data', data]);
      expect(result).toMatchObject({ status: 1, output: '' });
      expect(result.errors).toMatch(sentence);
      expect(result.errors).toMatch(/^[^\n]*\n$/);
    }
  });

  test('a message over the quota waits, and is delivered once there is room', async () => {
    const data = await temporaryFolder();
    const at = ['--data', data];
    const { ready, stop } = await start(data);
    await run(['user', 'quota', 'alice@example.test', '10B', ...at]);
    // Nothing is refused by SMTP: there may be room by the time of delivery.
    await sendMail(ready.smtp, 'alice@example.test', 'too large');
    // Those of others pass it by.
    await sendMail(ready.smtp, 'bob@example.test', 'small');
    await eventually(async () => (await inbox(ready.imap, 'bob@example.test', 'quire-demo')).length === 1);
    expect(await inbox(ready.imap, 'alice@example.test', 'quire-demo')).toEqual([]);
    await run(['user', 'quota', 'alice@example.test', '1MB', ...at]);
    await eventually(async () => (await inbox(ready.imap, 'alice@example.test', 'quire-demo')).length === 1);
    expect(await stop()).toMatch(/did not take the message: over-quota/);
  });
});

describe('quire domain', () => {
  test('mail to unknown addresses is refused, until a catch-all takes it, and again after it', async () => {
    const data = await temporaryFolder();
    const at = ['--data', data];
    expect((await run(['domain', 'add', 'Bücher.example', ...at])).output).toBe(
      'Mail for xn--bcher-kva.example is taken.\n',
    );
    expect((await run(['domain', 'add', 'bücher.example', ...at])).output).toBe(
      'xn--bcher-kva.example was there already.\n',
    );
    await run(['domain', 'remove', 'bücher.example', ...at]);

    const { ready } = await start(data);
    const send = (subject: string) => sendMail(ready.smtp, 'whoever@shop.test', subject);
    await run(['domain', 'add', 'shop.test', ...at]);
    await expect(send('before')).rejects.toThrow(/550/);
    const set = await run(['domain', 'catch-all', 'Shop.test', 'Bob@example.test', ...at]);
    expect(set).toEqual({
      status: 0,
      output: 'Mail to unknown addresses of shop.test goes to bob@example.test.\n',
      errors: '',
    });
    expect((await run(['domain', 'list', ...at])).output).toBe('example.test\nshop.test\tbob@example.test\n');
    await send('caught');
    await eventually(async () => (await inbox(ready.imap, 'bob@example.test', 'quire-demo')).length === 1);
    expect((await inbox(ready.imap, 'bob@example.test', 'quire-demo'))[0]).toMatch(
      /^Delivered-To: whoever@shop\.test\r$/m,
    );
    expect((await run(['user', 'remove', 'bob@example.test', ...at])).errors).toMatch(
      /catch-all of @shop\.test/,
    );

    await run(['domain', 'catch-all', 'shop.test', '--none', ...at]);
    expect((await run(['domain', 'catch-all', 'shop.test', ...at])).output).toBe(
      'Mail to unknown addresses of shop.test is refused.\n',
    );
    await expect(send('after')).rejects.toThrow(/550/);
    await run(['domain', 'remove', 'shop.test', ...at]);
    expect((await run(['domain', 'list', ...at])).output).toBe('example.test\n');
  });

  test('what is wrong is one sentence and 1', async () => {
    const data = await temporaryFolder();
    await start(data);
    const wrong: [string[], RegExp][] = [
      [['remove', 'example.test'], /^quire: example\.test still has the address \w+@example\.test/],
      [['remove', 'other.test'], /^quire: other\.test is not one of this system's domains/],
      [['add', 'not a domain'], /^quire: "not a domain" is not a domain\.\n/],
      [['catch-all', 'other.test'], /^quire: other\.test is not one of this system's domains/],
      [['catch-all', 'example.test', 'nobody@example.test'], /^quire: there is no user and no alias/],
      [['catch-all', 'example.test', 'who@else.where'], /^quire: who@else\.where is outside/],
      [
        ['catch-all', 'example.test', 'bob@example.test', '--none'],
        /^quire: Give a target or --none, not both/,
      ],
    ];
    for (const [args, sentence] of wrong) {
      const result = await run(['domain', ...args, '--data', data]);
      expect(result).toMatchObject({ status: 1, output: '' });
      expect(result.errors).toMatch(sentence);
      expect(result.errors).toMatch(/^[^\n]*\n$/);
    }
  });
});
