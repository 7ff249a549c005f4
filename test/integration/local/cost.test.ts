/** `quire cost` as a person types it. */
import { describe, expect, test } from '@jest/globals';
import { run } from './command-here.ts';

describe('quire cost', () => {
  test('prints the month by service and by activity, beside WorkMail', async () => {
    const { output, status } = await run(['cost', '--users', '100', '--sessions', '1']);
    expect(status).toBe(0);
    expect(output).toMatch(/^A month of Quire in us-east-1, in dollars/);
    expect(output).toMatch(/^ {2}Maintenance +0\.\d{4} {3}for each thousand messages delivered/m);
    for (const row of ['SES', 'DynamoDB', 'CloudWatch', 'deliver', 'keep', 'Total'])
      expect(output).toMatch(new RegExp(`^  ${row} +[\\d,.]+ +[\\d.]+ %$`, 'm'));
    expect(output).toMatch(/^ {2}A user +[\d.]+ +Amazon WorkMail: 4\.00/m);
  });

  test('says its numbers to programs, and the same to people', async () => {
    const flags = ['cost', '--users', '2000', '--region', 'eu-central-1', '--tls', 'gateway'];
    const { output } = await run([...flags, '--json']);
    const { total, byService, size, oldVersions } = JSON.parse(output) as {
      total: number;
      byService: Record<string, number>;
      size: string;
      oldVersions: number;
    };
    expect(size).toBe('medium');
    expect(Object.values(byService).reduce((sum, dollars) => sum + dollars, 0)).toBeCloseTo(total, 6);
    const { output: text } = await run([...flags, '--items']);
    expect(text).toContain(
      total.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 }),
    );
    expect(text).toMatch(/messages received, deliver/);
    // 2,000 users, 40 messages of 40 KB, 36 days: 110 GB at $0.0245.
    expect(oldVersions).toBeCloseTo(((2000 * 40 * 40 * 1024 * 36) / 1024 ** 3) * 0.0245, 2);
    expect(text).toMatch(new RegExp(`old versions +${oldVersions.toFixed(2).replace('.', '\\.')} `));
  });

  test('of a region whose lists were not all found, says which prices are taken from others', async () => {
    const { output } = await run(['cost', '--region', 'ca-central-1']);
    expect(output).toMatch(/^Of ca-central-1, \d+ prices were found on no list, and taken from others/m);
    expect(output).toMatch(/^ {2}processors of tasks: a fifth less than on x86/m);
    const { output: json } = await run(['cost', '--region', 'ca-central-1', '--json']);
    expect((JSON.parse(json) as { inferred: object[] }).inferred).toContainEqual({
      name: 'load balancer',
      from: expect.stringContaining('application load balancer') as unknown,
    });
    expect((await run(['cost'])).output).not.toContain('found on no list');
  });

  test('what copies in another region add is told when it is asked for, beside the bill', async () => {
    const { output } = await run(['cost', '--standby']);
    const rows = [
      ...output.matchAll(/^ {2}(Cop.+?|Repl.+?|Their backups|Between regions) {2,}([\d.]+) {3}/gm),
    ];
    expect(rows).toHaveLength(7);
    const sum = rows.reduce((total, [, , dollars]) => total + Number(dollars), 0);
    const inAll = Number(/^ {2}In all +([\d.]+)$/m.exec(output)?.[1]);
    expect(Math.abs(inAll - sum)).toBeLessThan(0.05);
    const { output: json } = await run(['cost', '--standby', '--json']);
    const { total, standby } = JSON.parse(json) as { total: number; standby: { dollars: number }[] };
    expect(standby.reduce((all, line) => all + line.dollars, 0)).toBeCloseTo(inAll, 1);
    // The bill is that of one region all the same.
    expect(output).toMatch(new RegExp(`^  Total +${total.toFixed(2)} `, 'm'));
    expect((await run(['cost'])).output).not.toContain('standby');
  });

  test('a number that is small is not printed as none', async () => {
    const { output } = await run(['cost', '--message-kb', '0.001', '--stored-gb', '0.005']);
    expect(output).toContain('messages of 0.001 KB a day, keeps 0.005 GB');
  });

  test.each([
    [
      ['--users', 'many'],
      '--users is "many", but it must be a whole number above 0 and at most 10,000,000,000.',
    ],
    [['--users', '0.5'], '--users is "0.5", but it must be a whole number above 0'],
    [['--messages-per-day', '0'], '--messages-per-day is "0", but it must be a number above 0.'],
    // More than SES takes.
    [
      ['--message-kb', '50000'],
      '--message-kb is "50000", but it must be a number above 0 and at most 40,960.',
    ],
    [['--stored-gb', 'Infinity'], '--stored-gb is "Infinity", but it must be a number above 0.'],
    [['--sessions', '-3'], '--sessions is "-3", but it must be a number above 0.'],
    [['--region', 'mars-1'], '--region is "mars-1", of which no prices are known here'],
  ])('%j is one sentence and status 1', async (flags, sentence) => {
    const { errors, status, output } = await run(['cost', ...flags]);
    expect({ status, output }).toEqual({ status: 1, output: '' });
    expect(errors).toContain(sentence);
  });
});
