/**
 * Domains in the `directory` table. New users and aliases check in their transaction that their domain is active. So a
 * domain is removed in three steps: it is closed to new addresses, searched for old ones, and removed or opened again.
 */
import { randomUUID } from 'node:crypto';
import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { findAnchors } from './alias-graph.ts';
import { normaliseDomain, parseAddress } from './address.ts';
import { DirectoryError, changedTooOften, noSuchDomain } from './directory-errors.ts';
import type { Domain, DomainDirectory } from './directory.ts';
import type { Condition, DirectoryTable } from './dynamodb-table.ts';
import { ACTIVE_DOMAIN, decodeDomain, encodeDomain } from './items.ts';
import type { DomainEntry } from './items.ts';
import { directoryKeys, keyPrefixes } from './keys.ts';
import { holdReferrer, releaseReferrer } from './referrers.ts';
import type { DirectoryReader } from './resolve.ts';

const ATTEMPTS = 8;
const STATE = { '#state': 'state' };

export class DynamoDbDomains implements DomainDirectory {
  readonly #table: DirectoryTable;
  readonly #reader: DirectoryReader;

  constructor(table: DirectoryTable, reader: DirectoryReader) {
    this.#table = table;
    this.#reader = reader;
  }

  async add(input: string): Promise<boolean> {
    const domain = normaliseDomain(input);
    const failures = await this.#table.transact([
      this.#table.putNew(directoryKeys.domain(domain), encodeDomain(domain)),
    ]);
    const [first] = failures;
    if (first === undefined) return true;
    if (first.found !== undefined && decodeDomain(first.found).state !== ACTIVE_DOMAIN) {
      // A removal that broke off left it closed: to add it is to open it. One that still runs will see that.
      await this.#reopen(domain);
    }
    return false;
  }

  async *list(): AsyncGenerator<Domain, void> {
    for await (const item of this.#table.scan(keyPrefixes.domain)) {
      const { domain, catchAll } = decodeDomain(item);
      yield catchAll === undefined ? { domain } : { domain, catchAll: catchAll.target };
    }
  }

  async remove(input: string): Promise<void> {
    const domain = normaliseDomain(input);
    const closing = `closing#${randomUUID()}`;
    const closed = await this.#table.update(directoryKeys.domain(domain), {
      UpdateExpression: 'SET #state = :closing',
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeNames: STATE,
      ExpressionAttributeValues: { ':closing': { S: closing } },
    });
    if (!closed) throw noSuchDomain(domain);
    let inside: string | undefined;
    try {
      inside = await this.#anyAddressIn(domain);
    } catch (error) {
      await this.#reopen(domain, closing);
      throw error;
    }
    if (inside !== undefined) {
      await this.#reopen(domain, closing);
      throw new DirectoryError(
        'in-use',
        `${domain} still has the address ${inside}; remove its addresses first`,
      );
    }
    await this.#removeClosed(domain, closing);
  }

  async #removeClosed(domain: string, closing: string): Promise<void> {
    const { catchAll } = await this.#entry(domain);
    const failures = await this.#table.transact([
      this.#table.remove(directoryKeys.domain(domain), {
        // Another removal may have opened it again in between, and someone may have moved in.
        ConditionExpression: '#state = :closing',
        ExpressionAttributeNames: STATE,
        ExpressionAttributeValues: { ':closing': { S: closing } },
      }),
      ...(catchAll === undefined ? [] : [releaseReferrer(this.#table, catchAll.anchor, `@${domain}`)]),
    ]);
    if (failures.length > 0) throw changedTooOften(domain);
  }

  /** Only from the given state, so that one removal does not open what another closed. */
  async #reopen(domain: string, from?: string): Promise<void> {
    await this.#table.update(directoryKeys.domain(domain), {
      UpdateExpression: 'SET #state = :active',
      ConditionExpression: from === undefined ? 'attribute_exists(pk)' : '#state = :from',
      ExpressionAttributeNames: STATE,
      ExpressionAttributeValues: {
        ':active': { S: ACTIVE_DOMAIN },
        ...(from === undefined ? {} : { ':from': { S: from } }),
      },
    });
  }

  async #anyAddressIn(domain: string): Promise<string | undefined> {
    for await (const item of this.#table.scan(keyPrefixes.address)) {
      const address = item.pk?.S?.slice(keyPrefixes.address.length) ?? '';
      if (address.endsWith(`@${domain}`)) return address;
    }
    return undefined;
  }

  async setCatchAll(input: string, targetInput: string | undefined): Promise<void> {
    const domain = normaliseDomain(input);
    const target = targetInput === undefined ? undefined : parseAddress(targetInput).address;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const current = await this.#entry(domain);
      if (current.state !== ACTIVE_DOMAIN) throw noSuchDomain(domain);
      if (current.catchAll?.target === target) return;
      const failures = await this.#table.transact(await this.#catchAllWrites(current, target));
      if (failures.length === 0) return;
      await this.#table.pause(attempt);
    }
    throw changedTooOften(domain);
  }

  async #catchAllWrites(current: DomainEntry, target: string | undefined): Promise<TransactWriteItem[]> {
    const { domain, catchAll: old } = current;
    const [anchor] = target === undefined ? [] : await findAnchors([target], this.#reader);
    const key = directoryKeys.domain(domain);
    const seen = catchAllIs(old?.target);
    const moved = old?.anchor !== anchor?.entry.address;
    const set =
      anchor === undefined
        ? this.#table.change(key, { UpdateExpression: 'REMOVE catchAll, catchAllAnchor', ...seen })
        : this.#table.change(key, {
            UpdateExpression: 'SET catchAll = :target, catchAllAnchor = :anchor',
            ...seen,
            ExpressionAttributeValues: {
              ...seen.ExpressionAttributeValues,
              ':target': { S: anchor.target },
              ':anchor': { S: anchor.entry.address },
            },
          });
    return [
      set,
      ...(anchor !== undefined && moved ? [holdReferrer(this.#table, anchor.entry, `@${domain}`)] : []),
      ...(old !== undefined && moved ? [releaseReferrer(this.#table, old.anchor, `@${domain}`)] : []),
    ];
  }

  async #entry(domain: string): Promise<DomainEntry> {
    const item = await this.#table.get(directoryKeys.domain(domain));
    if (item === undefined) throw noSuchDomain(domain);
    return decodeDomain(item);
  }
}

/** The domain is active, and its catch-all is still what was looked at. */
function catchAllIs(target: string | undefined): Condition {
  return {
    ConditionExpression: `#state = :active AND ${target === undefined ? 'attribute_not_exists(catchAll)' : 'catchAll = :seen'}`,
    ExpressionAttributeNames: STATE,
    ExpressionAttributeValues: {
      ':active': { S: ACTIVE_DOMAIN },
      ...(target === undefined ? {} : { ':seen': { S: target } }),
    },
  };
}
