import { describe, expect, test } from '@jest/globals';
import { createLog, failureFields } from '../../../shared/log.ts';

function logged(pretty: boolean, write: (log: ReturnType<typeof createLog>) => void): string {
  let text = '';
  write(createLog({ level: 'info', pretty, target: { write: (line) => (text += line) } }));
  return text;
}

describe('logs', () => {
  test('one JSON object a line, with the part that speaks', () => {
    const line = logged(false, (log) => log.child({ part: 'smtp' }).info({ messages: 2 }, 'received'));
    expect(JSON.parse(line)).toMatchObject({ level: 30, part: 'smtp', messages: 2, msg: 'received' });
  });

  test.each([false, true])('secrets and mail are cut out (pretty: %s)', (pretty) => {
    const text = logged(pretty, (log) => {
      log.info({ password: 'hunter2', user: { secret: 'hunter2' }, a: { b: { body: 'hunter2' } } }, 'login');
    });
    expect(text).not.toContain('hunter2');
    expect(text).toContain('[redacted]');
  });

  test('lines for a person name the part and hold no JSON record', () => {
    const line = logged(true, (log) => log.child({ part: 'smtp' }).info('received'));
    expect(line).toMatch(/INFO.*\[smtp\] received\n$/);
  });

  test('of a connection that broke the reason is told, of anything else all that is known', () => {
    const broken = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    const ours = new TypeError('not a function');
    expect([failureFields(broken), failureFields(ours)]).toEqual([
      { reason: 'socket hang up' },
      { err: ours },
    ]);
  });

  test('below the level nothing is written', () => {
    expect(logged(false, (log) => log.debug('detail'))).toBe('');
  });
});
