import { describe, expect, test } from '@jest/globals';
import { createLog } from '../../../shared/log.ts';

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

  test('below the level nothing is written', () => {
    expect(logged(false, (log) => log.debug('detail'))).toBe('');
  });
});
