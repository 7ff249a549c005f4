/** Differences in the addresses of envelopes. */
import { type Difference } from './differences.ts';
import { isList, textOf, type WireValue } from '../../support/fetch-answer.ts';
import { sourcesOf, textsMatch } from './field-rules.ts';
import type { Rule } from './rules.ts';
import { isAddressList, unfolded, withoutComments } from './strict-fields.ts';

const FIELDS = /^(?:from|sender|reply-to|to|cc|bcc)$/;

const isPlaceholder = (address: WireValue): boolean =>
  isList(address) && textOf(address[2]) === 'MISSING_MAILBOX' && textOf(address[3]) === 'MISSING_DOMAIN';

function withoutPlaceholders({ dovecot }: Difference): WireValue | undefined {
  if (!isList(dovecot)) return dovecot;
  const left = dovecot.filter((address) => !isPlaceholder(address));
  return left.length === 0 ? null : left;
}

export const ADDRESS_RULES: readonly Rule[] = [
  {
    name: 'addresses by no grammar',
    explains: (difference, evidence) =>
      FIELDS.test(difference.field) && sourcesOf(difference, evidence).some((value) => !isAddressList(value)),
  },
  {
    name: 'nothing between commas',
    explains: (difference) =>
      FIELDS.test(difference.field) &&
      textsMatch(difference.quire, withoutPlaceholders(difference), () => false),
  },
  {
    name: 'blanks around the dots of an address',
    explains: (difference, evidence) =>
      FIELDS.test(difference.field) &&
      sourcesOf(difference, evidence).some((value) =>
        /\w\s+\.|\.\s+\w/.test(withoutComments(unfolded(value)) ?? ''),
      ),
  },
];
