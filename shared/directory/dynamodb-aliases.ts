/**
 * Aliases in the `directory` table. Two things must hold whatever runs at the same time: every target exists, and no
 * alias leads to itself.
 *
 * A target cannot be removed while it names the alias among its referrers, which is written with the alias. For the
 * loops, every alias below a new target is checked in the transaction to have still the revision that was looked at:
 * of two changes that would close a circle together, each looks at the alias that the other changes, so one fails.
 */
import { randomUUID } from 'node:crypto';
import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { aliasesBelow, findAnchors } from './alias-graph.ts';
import type { Anchor } from './alias-graph.ts';
import { parseAddress } from './address.ts';
import { DOMAIN_IS_ACTIVE, unchanged } from './conditions.ts';
import { DirectoryError, addressExists, changedTooOften, inUse, noSuchDomain } from './directory-errors.ts';
import type { Alias, AliasDirectory } from './directory.ts';
import { chunks } from './dynamodb-table.ts';
import type { DirectoryTable } from './dynamodb-table.ts';
import { ITEM_VERSION, decodeAddress, encodeTargets } from './items.ts';
import type { AliasEntry } from './items.ts';
import { directoryKeys, keyPrefixes } from './keys.ts';
import { holdReferrer, releaseReferrer } from './referrers.ts';
import type { DirectoryReader } from './resolve.ts';

const ATTEMPTS = 8;
/** In one alias. Larger groups are made of groups. */
const MAX_TARGETS = 1_000;
/** In one transaction of at most 100 items: domain, alias, two a target, and `MAX_ALIASES_BELOW`. */
const TARGETS_AT_ONCE = 25;

export class DynamoDbAliases implements AliasDirectory {
  readonly #table: DirectoryTable;
  readonly #reader: DirectoryReader;

  constructor(table: DirectoryTable, reader: DirectoryReader) {
    this.#table = table;
    this.#reader = reader;
  }

  async add(input: string, targetInputs: readonly string[]): Promise<Alias> {
    const { address, domain } = parseAddress(input);
    const targets = normalised(targetInputs);
    if (targets.length === 0) throw new DirectoryError('invalid', 'an alias needs at least one target');
    if (targets.includes(address)) throw new DirectoryError('loop', `${address} would lead to itself`);
    // All are looked at before the first is written, so that a wrong one among many changes nothing.
    await this.#plan(address, domain, targets);
    let alias: Alias = { address, targets };
    for (const some of chunks(targets, TARGETS_AT_ONCE)) alias = await this.#addSome(address, domain, some);
    return alias;
  }

  async #addSome(address: string, domain: string, targets: readonly string[]): Promise<Alias> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const plan = await this.#plan(address, domain, targets);
      const failures = plan.writes.length === 0 ? [] : await this.#table.transact(plan.writes);
      if (failures.length === 0) return plan.alias;
      await this.#table.pause(attempt);
    }
    throw changedTooOften(address);
  }

  /** What is to be written so that `address` leads to `targets`, too. */
  async #plan(
    address: string,
    domain: string,
    targets: readonly string[],
  ): Promise<{ alias: Alias; writes: TransactWriteItem[] }> {
    const { addresses, domains } = await this.#reader.read([address], [domain]);
    if (!domains.has(domain)) throw noSuchDomain(domain);
    const existing = addresses.get(address);
    if (existing?.kind === 'user') throw addressExists(address, 'user');
    const wanted = targets.filter((target) => existing?.targets.has(target) !== true);
    // In this order: the transaction checks the revisions of the first reading, so that they held in the second.
    const anchors = await findAnchors(wanted, this.#reader);
    const below = await aliasesBelow(address, wanted, this.#reader);
    const all = new Map(existing?.targets);
    for (const { target, entry } of anchors) all.set(target, entry.address);
    if (all.size > MAX_TARGETS) {
      throw new DirectoryError(
        'too-large',
        `${address} would have ${all.size} targets; ${MAX_TARGETS} are allowed`,
      );
    }
    const alias = { address, targets: [...all.keys()].sort() };
    if (wanted.length === 0) return { alias, writes: [] };
    return {
      alias,
      writes: [
        this.#table.check(directoryKeys.domain(domain), DOMAIN_IS_ACTIVE),
        this.#putTargets(address, existing, all),
        ...this.#holdAnchors(address, anchors, below),
      ],
    };
  }

  #putTargets(
    address: string,
    existing: AliasEntry | undefined,
    all: ReadonlyMap<string, string>,
  ): TransactWriteItem {
    const key = directoryKeys.address(address);
    const revision = { S: randomUUID() };
    const targets = encodeTargets(all);
    if (existing === undefined) {
      const v = { N: String(ITEM_VERSION) };
      return this.#table.putNew(key, { v, kind: { S: 'alias' }, address: { S: address }, targets, revision });
    }
    return this.#table.change(key, {
      UpdateExpression: 'SET targets = :targets, revision = :revision',
      ConditionExpression: 'revision = :seen',
      ExpressionAttributeValues: {
        ':targets': targets,
        ':revision': revision,
        ':seen': { S: existing.revision },
      },
    });
  }

  /** Names the alias in what its targets hang on, and checks that what was looked at is still so. */
  #holdAnchors(
    address: string,
    anchors: readonly Anchor[],
    below: ReadonlyMap<string, AliasEntry>,
  ): TransactWriteItem[] {
    const held = new Map(anchors.map(({ entry }) => [entry.address, entry]));
    return [
      ...[...held.values()].map((entry) => holdReferrer(this.#table, entry, address)),
      // `user+tag@` hangs on `user@` as long as it is nobody's own address.
      ...anchors
        .filter(({ target, entry }) => target !== entry.address)
        .map(({ target }) =>
          this.#table.check(directoryKeys.address(target), {
            ConditionExpression: 'attribute_not_exists(pk)',
          }),
        ),
      ...[...below.values()]
        .filter((entry) => !held.has(entry.address))
        .map((entry) => this.#table.check(directoryKeys.address(entry.address), unchanged(entry))),
    ];
  }

  async *list(): AsyncGenerator<Alias, void> {
    for await (const item of this.#table.scan(keyPrefixes.address)) {
      const entry = decodeAddress(item);
      if (entry.kind === 'alias') yield { address: entry.address, targets: [...entry.targets.keys()].sort() };
    }
  }

  async remove(input: string, targetInputs?: readonly string[]): Promise<void> {
    const { address } = parseAddress(input);
    const entry = await this.#alias(address);
    const targets = targetInputs === undefined ? [...entry.targets.keys()] : normalised(targetInputs);
    const stranger = targets.find((target) => !entry.targets.has(target));
    if (stranger !== undefined) {
      throw new DirectoryError('no-such-target', `${address} does not lead to ${stranger}`);
    }
    if (entry.referrers.length > 0 && targets.length === entry.targets.size)
      throw inUse(address, entry.referrers);
    for (const some of chunks(targets, TARGETS_AT_ONCE)) await this.#removeSome(address, new Set(some));
  }

  async #removeSome(address: string, targets: ReadonlySet<string>): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const entry = await this.#alias(address);
      const left = new Map([...entry.targets].filter(([target]) => !targets.has(target)));
      if (left.size === 0 && entry.referrers.length > 0) throw inUse(address, entry.referrers);
      const failures = await this.#table.transact([
        left.size === 0 ? this.#removeItem(entry) : this.#putTargets(address, entry, left),
        ...(await this.#releaseAnchors(entry, left)),
      ]);
      if (failures.length === 0) return;
      await this.#table.pause(attempt);
    }
    throw changedTooOften(address);
  }

  #removeItem(entry: AliasEntry): TransactWriteItem {
    const seen = unchanged(entry);
    return this.#table.remove(directoryKeys.address(entry.address), {
      ...seen,
      ConditionExpression: `${seen.ConditionExpression} AND attribute_not_exists(referrers)`,
    });
  }

  async #releaseAnchors(entry: AliasEntry, left: ReadonlyMap<string, string>): Promise<TransactWriteItem[]> {
    const kept = new Set(left.values());
    const released = [...new Set(entry.targets.values())].filter((anchor) => !kept.has(anchor));
    const { addresses } = await this.#reader.read(released, []);
    return [...addresses.keys()].map((anchor) => releaseReferrer(this.#table, anchor, entry.address));
  }

  async #alias(address: string): Promise<AliasEntry> {
    const item = await this.#table.get(directoryKeys.address(address));
    const entry = item && decodeAddress(item);
    if (entry?.kind === 'alias') return entry;
    throw new DirectoryError('no-such-alias', `there is no alias ${address}`);
  }
}

function normalised(addresses: readonly string[]): string[] {
  return [...new Set(addresses.map((each) => parseAddress(each).address))].sort();
}
