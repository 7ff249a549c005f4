/**
 * What a client that has given NOTIFY (RFC 5465) is told outside of the selected mailbox: of its account, and of the
 * accounts of others in which it watches mailboxes.
 */
import type { AccountId } from '../../../shared/account/ids.ts';
import type { Change } from '../../../shared/account/replica.ts';
import { type AccountState, mailboxNamed } from '../../../shared/account/state.ts';
import type { ServerEntries } from '../../../shared/directory/directory.ts';
import type { AccountChange } from '../session/account-changes.ts';
import { answerTo } from '../session/faults.ts';
import type { Home } from '../session/home.ts';
import { NO_NOTIFIER, type Notifier, type ToldKinds } from '../session/notifier.ts';
import { OwnArrivals } from '../session/own-arrivals.ts';
import { placeOf } from '../session/places.ts';
import { unlessRefused } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import { type ServerEntriesListener, changedEntries } from '../session/server-entries-watch.ts';
import { WatchedAccount } from '../session/watched-account.ts';
import type { FetchItem, StatusItem } from '../wire/ast.ts';
import type { EventGroup, NotifyEvent } from '../wire/notify-grammar.ts';
import { astring, mailbox as mailboxName } from '../wire/response.ts';
import { tellMessages } from './fetch.ts';
import { type ListTree, entryNamed, ownTree } from './list-match.ts';
import { entryText } from './list.ts';
import { type Applies, matcherOf, othersWatched } from './notify-filter.ts';
import { statusResponse } from './status.ts';

/** An account as it is at the moment, and the session's own: what is watched depends on what that subscribes to. */
interface Sight {
  readonly home: Home;
  readonly state: AccountState;
  readonly own: AccountState;
}

const NO_EVENTS: ReadonlySet<NotifyEvent> = new Set();

export class Notifications implements Notifier, ServerEntriesListener {
  readonly #session: Session;
  readonly #groups: readonly (EventGroup & { readonly applies: Applies })[];
  readonly kinds: ToldKinds;
  readonly delayed: boolean;
  readonly #attributes: readonly FetchItem[];
  readonly #ownArrivals: OwnArrivals;
  /** The session's own account first; none before `begin`, and if the client wants to know nothing. */
  readonly #watched = new Map<AccountId, WatchedAccount>();
  /** Names of mailboxes that the client may not look up any more. */
  readonly #lost = new Set<string>();
  /** What the client knows of the server's entries, and what they are now; null: it does not watch them. */
  #serverKnown: ServerEntries | null = null;
  #serverNow: ServerEntries | null = null;
  #ended = false;

  /** `groups` with their names resolved. */
  constructor(session: Session, groups: readonly EventGroup[]) {
    this.#session = session;
    this.#groups = groups.map((group) => ({ ...group, applies: matcherOf(group.filter) }));
    const selected = groups.find(({ filter }) => filter.kind === 'selected');
    const events = selected?.events ?? NO_EVENTS;
    this.kinds = { messages: events.has('MessageNew'), flags: events.has('FlagChange') };
    this.delayed = selected?.filter.kind === 'selected' && selected.filter.delayed;
    this.#attributes = selected?.attributes ?? [];
    this.#ownArrivals = new OwnArrivals(session);
  }

  get pushes(): boolean {
    return this.#watched.size > 0;
  }

  /** From now on. Throws `No` if it is too much; call `end` then. */
  async begin(): Promise<void> {
    this.#session.own.remember();
    await this.#watch(this.#session.home);
    await this.#watchOthers();
    if (this.#groups.some(({ events }) => events.has('ServerMetadataChange'))) await this.#watchServer();
  }

  async #watchServer(): Promise<void> {
    const { serverEntries } = this.#session.services;
    this.#serverKnown = await serverEntries.watch(this);
    if (this.#ended) serverEntries.unwatch(this);
  }

  /** What the client has changed itself it is not told of (RFC 5465 §5), unless others' changes came with it. */
  serverChanged(entries: ServerEntries, by: object | null): void {
    if (by === this.#session && this.#serverNow === null) this.#serverKnown = entries;
    else {
      this.#serverNow = entries;
      this.#session.connection.stir();
    }
  }

  end(): void {
    this.#ended = true;
    this.#session.services.serverEntries.unwatch(this);
    for (const account of this.#watched.values()) account.end();
    this.#watched.clear();
  }

  async #watch(home: Home): Promise<void> {
    // Most clients watch the selected mailbox alone: nothing else is looked at for them.
    const compares = this.#groups.some(({ filter, events }) => filter.kind !== 'selected' && events.size > 0);
    const account = new WatchedAccount(this.#session, home, compares);
    this.#watched.set(home.account, account);
    await account.begin();
  }

  /** Those in whose accounts a mailbox is named or, as subscriptions are now, subscribed to (RFC 5465 §6.4). */
  async #watchOthers(): Promise<void> {
    const homes = await othersWatched(this.#session, this.#groups, await this.#session.home.state());
    const wanted = new Set(homes.map(({ account }) => account));
    for (const [account, watched] of this.#watched)
      if (!watched.isOwn && !wanted.has(account)) {
        this.#watched.delete(account);
        watched.end();
      }
    for (const home of homes) if (!this.#ended && !this.#watched.has(home.account)) await this.#watch(home);
  }

  selectedChanged(change: Change): void {
    if (this.#attributes.length > 0) this.#ownArrivals.note(change);
  }

  async arrived(uids: Uint32Array): Promise<void> {
    if (this.#attributes.length === 0) return;
    const others = this.#ownArrivals.othersOf(uids);
    if (others.length > 0) await tellMessages(this.#session, this.#attributes, others);
  }

  async tell(): Promise<void> {
    this.#tellServer();
    for (const account of [...this.#watched.values()]) {
      try {
        await this.#tellOf(account);
      } catch (error) {
        // What is amiss with somebody else's account is no fault of the command at hand.
        if (account.isOwn || answerTo(error).kind === 'lost') throw error;
        this.#overflow(error);
        return;
      }
    }
  }

  /** RFC 5465 §5.7, RFC 5464 §4.4.2: the names alone. */
  #tellServer(): void {
    const [known, now] = [this.#serverKnown, this.#serverNow];
    if (!known || !now) return;
    this.#serverKnown = now;
    this.#serverNow = null;
    const entries = changedEntries(known, now).map((name) => `/shared${name}`);
    const names = entries.map((entry) => astring(entry));
    if (names.length > 0)
      this.#session.writer.untagged(`METADATA ${mailboxName('', this.#session.text)} ${names.join(' ')}`);
  }

  async #tellOf(account: WatchedAccount): Promise<void> {
    const news = await account.news();
    if (!news) return;
    const sight = await this.#sightOf(account.home, news.state);
    for (const change of news.changes) await this.#tellLine(await this.#line(change, sight));
    const resubscribed = news.changes.some(({ kind }) => kind === 'subscription');
    if (account.isOwn && resubscribed)
      await this.#watchOthers().catch((error: unknown) => this.#overflow(error));
  }

  async #sightOf(home: Home, state: AccountState): Promise<Sight> {
    const own = home.guest === null ? state : await this.#session.home.state();
    return { home, state, own };
  }

  /** RFC 5465 §5.8: the client is told that it has to look for itself. */
  #overflow(error: unknown): void {
    const { services, connection, writer } = this.#session;
    services.log.warn({ err: error, connection: connection.id }, "other users' mailboxes cannot be watched");
    this.#session.notify(NO_NOTIFIER);
    writer.status('*', 'OK', 'nothing is told any more', 'NOTIFICATIONOVERFLOW');
  }

  async #tellLine(line: string | null): Promise<void> {
    const { writer } = this.#session;
    if (line !== null) writer.untagged(line);
    if (writer.full) await writer.pace();
  }

  /** Of mailboxes that may be looked up, but not read (RFC 5465 §3.1: MUST). */
  async tellWithoutAccess(): Promise<void> {
    for (const { home, isOwn } of this.#watched.values()) {
      if (isOwn) continue;
      const sight = await this.#sightOf(home, await home.state());
      for (const mailbox of sight.state.mailboxes.values())
        if (home.accessTo(mailbox) === 'listed') await this.#tellLine(this.#accessLine(mailbox.name, sight));
    }
  }

  /** STATUS of every other mailbox whose messages are watched, as NOTIFY SET STATUS wants it (RFC 5465 §3.1). */
  async tellStatus(): Promise<void> {
    for (const { home } of this.#watched.values()) {
      const { state, own } = await this.#sightOf(home, await home.state());
      for (const { id, name } of state.mailboxes.values()) {
        const mailbox = home.mailbox(state, id);
        const events = this.#eventsFor(home.prefix + name, own);
        if (!mailbox || home.accessTo(mailbox) !== 'read' || !events.has('MessageNew')) continue;
        if (this.#session.hasSelected(home, id)) continue;
        const items: StatusItem[] = ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY'];
        if (events.has('FlagChange') && this.#session.offers('CONDSTORE')) items.push('HIGHESTMODSEQ');
        await this.#tellLine(await statusResponse(this.#session, { home, mailbox }, items));
      }
    }
  }

  async #line(change: AccountChange, sight: Sight): Promise<string | null> {
    switch (change.kind) {
      case 'messages':
      case 'flags':
        return this.#statusLine(change, sight);
      case 'name':
        return this.#nameLine(change, sight);
      case 'access':
        return this.#accessLine(change.name, sight);
      case 'subscription':
        return this.#subscriptionLine(change.name, sight);
      case 'metadata':
        return this.#metadataLine(change, sight);
    }
  }

  async #statusLine(
    change: Extract<AccountChange, { kind: 'messages' | 'flags' }>,
    { home, state, own }: Sight,
  ): Promise<string | null> {
    const { kind, mailbox: id, name, unseen, anew } = change;
    const mailbox = home.mailbox(state, id);
    const events = this.#eventsFor(home.prefix + name, own);
    // What is told of the selected mailbox is its own group's to say (RFC 5465 §3.1).
    if (!mailbox || this.#session.hasSelected(home, id)) return null;
    if (!events.has(kind === 'messages' ? 'MessageNew' : 'FlagChange')) return null;
    const items: StatusItem[] = kind === 'messages' || anew ? ['UIDNEXT', 'MESSAGES'] : ['UIDVALIDITY'];
    if (anew) items.push('UIDVALIDITY');
    if (events.has('FlagChange') && unseen) items.push('UNSEEN');
    if (this.#session.condstore) items.push(...(['UIDVALIDITY', 'HIGHESTMODSEQ'] as const));
    // Without mod-sequences a change of other flags cannot be told (RFC 5465 §5.1).
    if (items.length === 1) return null;
    return (await unlessRefused(() => statusResponse(this.#session, { home, mailbox }, items))) ?? null;
  }

  #nameLine({ name, oldName, lost }: Extract<AccountChange, { kind: 'name' }>, sight: Sight): string | null {
    const { prefix } = sight.home;
    const names = [name, ...(oldName === null ? [] : [oldName])].map((each) => prefix + each);
    const events = names.map((each) => this.#eventsFor(each, sight.own));
    // RFC 5465 §5.9: that a mailbox may not be watched any more, or may again, is told whatever is watched of it.
    const regained = this.#lost.delete(prefix + name);
    if (lost) this.#lost.add(prefix + name);
    const wanted = (each: ReadonlySet<NotifyEvent>): boolean =>
      lost || regained ? each.size > 0 : each.has('MailboxName');
    return events.some(wanted) ? this.#listLine(name, oldName, sight) : null;
  }

  /** RFC 5465 §5.9, whatever is watched of it. */
  #accessLine(name: string, sight: Sight): string | null {
    const isWatched = this.#eventsFor(sight.home.prefix + name, sight.own).size > 0;
    return isWatched ? this.#listLine(name, null, sight) : null;
  }

  #listLine(name: string, oldName: string | null, sight: Sight): string {
    const { prefix } = sight.home;
    const entry = entryNamed(treeOf(sight), prefix + name);
    const noAccess = this.#lost.has(prefix + name) || isUnreadable(name, sight);
    const attributes = [...entry.attributes, ...(noAccess ? ['\\NoAccess'] : [])];
    const before = oldName === null ? null : prefix + oldName;
    return `LIST ${entryText(this.#session, { ...entry, attributes }, before)}`;
  }

  /** All attributes are as they are (RFC 5465 §5.5), whoever's the mailbox is. */
  async #subscriptionLine(name: string, { home, own }: Sight): Promise<string | null> {
    // To who watches what is subscribed to, the end of a subscription is told, too.
    const wanted = this.#groups.some(
      ({ filter, events, applies }) =>
        events.has('SubscriptionChange') && (filter.kind === 'subscribed' || applies(name, own)),
    );
    if (home.guest !== null || !wanted) return null;
    const place = await unlessRefused(() => placeOf(this.#session, name));
    const there = place?.home ?? home;
    const sight = { home: there, state: there === home ? own : await there.state(), own };
    return `LIST ${entryText(this.#session, entryNamed(treeOf(sight), name))}`;
  }

  #metadataLine(
    { name, entries }: Extract<AccountChange, { kind: 'metadata' }>,
    { home, own }: Sight,
  ): string | null {
    const told = name === null ? '' : home.prefix + name;
    const wanted =
      name === null
        ? home.guest === null && this.#groups.some(({ events }) => events.has('ServerMetadataChange'))
        : this.#eventsFor(told, own).has('MailboxMetadataChange');
    if (!wanted) return null;
    return `METADATA ${mailboxName(told, this.#session.text)} ${entries.map((entry) => astring(entry)).join(' ')}`;
  }

  /** Every group that applies adds its events (RFC 5465 §6). */
  #eventsFor(name: string, own: AccountState): ReadonlySet<NotifyEvent> {
    const groups = this.#groups.filter(({ applies }) => applies(name, own));
    return new Set(groups.flatMap(({ events }) => [...events]));
  }
}

/** The mailbox may be looked up, and not read. */
function isUnreadable(name: string, { home, state }: Sight): boolean {
  const mailbox = mailboxNamed(state, name);
  return mailbox !== undefined && home.accessTo(mailbox) === 'listed';
}

/** What the session may look up in an account. */
function treeOf({ home, state, own }: Sight): ListTree {
  if (home.guest === null) return ownTree(state);
  const seen = [...state.mailboxes.values()].filter((mailbox) => home.may(mailbox, 'l'));
  const mailboxes = new Map(seen.map(({ name }) => [home.prefix + name, { use: null }]));
  return { mailboxes, subscriptions: own.subscriptions };
}
