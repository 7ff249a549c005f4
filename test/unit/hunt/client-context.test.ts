/** The swarm's own idea of a search that is kept up to date, by the examples of RFC 5267 §4.3.3 and §4.3.4. */
import { expect, test } from '@jest/globals';
import { ClientContext } from '../../hunt/swarm/client-context.ts';
import { Violation } from '../../hunt/violation.ts';

function context(order: 'size' | 'mailbox', result: string, ...told: string[]): ClientContext {
  const begun = new ClientContext('\\seen', order);
  begun.take(`* ESEARCH (TAG "C01") UID${result}`);
  for (const each of told) begun.take(`* ESEARCH (TAG "C01") UID ${each}`);
  return begun;
}

const listed = (begun: ClientContext): string => begun.frozen([])?.described.split(' ')[0] ?? '';

test('three ways to say what was added are one', () => {
  for (const told of [
    ['ADDTO (1 2733 1 2732 1 2731)'],
    ['ADDTO (1 2733) ADDTO (1 2731:2732)'],
    ['ADDTO (1 2731:2733)'],
  ])
    expect(listed(context('mailbox', ' ALL 2734:2735', ...told))).toBe('2731,2732,2733,2734,2735');
});

test('without a position the order is that of the mailbox, and what is removed is removed wherever it is', () => {
  expect(listed(context('mailbox', ' ALL 3,9', 'ADDTO (0 12,5)', 'REMOVEFROM (0 9)'))).toBe('3,5,12');
});

test('in a sorted result every change has its place', () => {
  expect(listed(context('size', ' ALL 9,3', 'ADDTO (2 7:6 5 4)', 'REMOVEFROM (1 9,7)'))).toBe('6,3,4');
  expect(listed(context('size', '', 'ADDTO (1 5)'))).toBe('5');
  for (const wrong of ['ADDTO (0 4)', 'ADDTO (4 4)', 'ADDTO (1 3)', 'REMOVEFROM (1 3)', 'REMOVEFROM (2 3,9)'])
    expect(() => context('size', ' ALL 9,3', wrong)).toThrow(Violation);
});

test('what is told of another search is not of this one', () => {
  const begun = context('mailbox', ' ALL 3');
  begun.take('* ESEARCH (TAG "C02") UID ADDTO (0 4)');
  expect(listed(begun)).toBe('3');
});
