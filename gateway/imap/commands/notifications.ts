/** What a client that has given NOTIFY (RFC 5465) is told of its account, outside of the selected mailbox. */
import type { Change, ChangeListener } from '../../../shared/account/replica.ts';
import type { MailboxId } from '../../../shared/account/ids.ts';
import {
  type AccountState,
  DELIMITER,
  INBOX_ID,
  mailboxFor,
  mailboxNamed,
} from '../../../shared/account/state.ts';
import { type AccountBrief, type AccountChange, briefOf, changesOf } from '../session/account-changes.ts';
import type { Notifier, ToldKinds } from '../session/notifier.ts';
import type { Session } from '../session/session.ts';
import type { FetchItem, StatusItem } from '../wire/ast.ts';
import type { EventGroup, NotifyEvent, NotifyFilter } from '../wire/notify-grammar.ts';
import { astring, mailbox as mailboxName } from '../wire/response.ts';
import { tellMessages } from './fetch.ts';
import { entryNamed } from './list-match.ts';
import { entryText } from './list.ts';
import { statusResponse } from './status.ts';

const NO_EVENTS: ReadonlySet<NotifyEvent> = new Set();

export class Notifications implements Notifier, ChangeListener {
  readonly #session: Session;
  readonly #groups: readonly EventGroup[];
  readonly kinds: ToldKinds;
  readonly delayed: boolean;
  readonly #attributes: readonly FetchItem[];
  /** What the client knows of the account; null before `begin`, and if it wants to know nothing. */
  #known: AccountBrief | null = null;
  /** Something has happened that the client has not caused by itself. */
  #pending = false;
  /** UIDs below which messages in the selected mailbox were put there by this client, from the one beside it on. */
  #ownFrom = 0;
  #ownTo = 0;

  constructor(session: Session, groups: readonly EventGroup[]) {
    this.#session = session;
    this.#groups = groups;
    const selected = groups.find(({ filter }) => filter.kind === 'selected');
    const events = selected?.events ?? NO_EVENTS;
    this.kinds = { messages: events.has('MessageNew'), flags: events.has('FlagChange') };
    this.delayed = selected?.filter.kind === 'selected' && selected.filter.delayed;
    this.#attributes = selected?.attributes ?? [];
  }

  get pushes(): boolean {
    return this.#known !== null;
  }

  /** From `state` on. */
  begin(state: AccountState): void {
    const { home } = this.#session;
    home.rememberOwn();
    this.#known = briefOf(state);
    home.replica.listen(this);
  }

  end(): void {
    this.#session.home.replica.unlisten(this);
    this.#known = null;
  }

  /** A client is not told of what it did itself (RFC 5465 §5), unless others' doings came with it. */
  changed({ state, records }: Change): void {
    const { home } = this.#session;
    const ops = records?.flatMap((record) => record.ops);
    const own = ops?.every((op) => op.op === 'recent' || home.isOwn(op)) ?? false;
    if (own && !this.#pending) this.#tookOwn(state);
    else {
      this.#pending = true;
      this.#session.connection.stir();
    }
  }

  #tookOwn(state: AccountState): void {
    const id = this.#selectedHere();
    const before = id === null ? undefined : this.#known?.mailboxes.get(id)?.uidNext;
    const after = id === null ? undefined : state.mailboxes.get(id)?.uidNext;
    if (before !== undefined && after !== undefined && after > before) {
      if (this.#ownTo !== before) this.#ownFrom = before;
      this.#ownTo = after;
    }
    this.#known = briefOf(state);
  }

  /** The selected mailbox, if it is of this account. */
  #selectedHere(): MailboxId | null {
    const { selectedOrNull, home } = this.#session;
    return selectedOrNull?.home.account === home.account ? selectedOrNull.id : null;
  }

  async arrived(uids: Uint32Array): Promise<void> {
    if (this.#attributes.length === 0) return;
    const others = uids.filter((uid) => uid < this.#ownFrom || uid >= this.#ownTo);
    if (others.length > 0) await tellMessages(this.#session, this.#attributes, others);
  }

  async tell(): Promise<void> {
    const known = this.#known;
    if (!known || !this.#pending) return;
    this.#pending = false;
    const { home, writer } = this.#session;
    const state = await home.state();
    this.#known = briefOf(state);
    for (const change of changesOf(known, state, home.account)) {
      const line = await this.#line(change, state);
      if (line !== null) writer.untagged(line);
      if (writer.full) await writer.pace();
    }
  }

  /** STATUS of every other mailbox whose messages are watched, as NOTIFY SET STATUS wants it (RFC 5465 §3.1). */
  async tellStatus(): Promise<void> {
    const { home, writer } = this.#session;
    const state = await home.state();
    for (const mailbox of state.mailboxes.values()) {
      const events = this.#eventsFor(mailbox.name, state);
      if (!events.has('MessageNew') || mailbox.id === this.#selectedHere()) continue;
      const items: StatusItem[] = ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY'];
      if (events.has('FlagChange') && this.#session.offers('CONDSTORE')) items.push('HIGHESTMODSEQ');
      writer.untagged(await statusResponse(this.#session, { home, mailbox }, items));
      if (writer.full) await writer.pace();
    }
  }

  async #line(change: AccountChange, state: AccountState): Promise<string | null> {
    switch (change.kind) {
      case 'messages':
      case 'flags':
        return this.#statusLine(change, state);
      case 'name':
        return this.#nameLine(change, state);
      case 'subscription':
        if (!this.#eventsFor(change.name, state).has('SubscriptionChange')) return null;
        return `LIST ${entryText(this.#session, entryNamed(state, change.name))}`;
      case 'metadata':
        return this.#metadataLine(change, state);
    }
  }

  async #statusLine(
    { kind, mailbox: id, name, unseen }: Extract<AccountChange, { kind: 'messages' | 'flags' }>,
    state: AccountState,
  ): Promise<string | null> {
    const mailbox = state.mailboxes.get(id);
    const events = this.#eventsFor(name, state);
    // What is told of the selected mailbox is its own group's to say (RFC 5465 §3.1).
    if (!mailbox || id === this.#selectedHere()) return null;
    if (!events.has(kind === 'messages' ? 'MessageNew' : 'FlagChange')) return null;
    const items: StatusItem[] = kind === 'messages' ? ['UIDNEXT', 'MESSAGES'] : ['UIDVALIDITY'];
    if (events.has('FlagChange') && unseen) items.push('UNSEEN');
    if (this.#session.condstore) items.push(...(['UIDVALIDITY', 'HIGHESTMODSEQ'] as const));
    // Without mod-sequences a change of other flags cannot be told (RFC 5465 §5.1).
    const { home } = this.#session;
    return items.length > 1 ? statusResponse(this.#session, { home, mailbox }, items) : null;
  }

  #nameLine({ name, oldName }: Extract<AccountChange, { kind: 'name' }>, state: AccountState): string | null {
    const wanted = [name, ...(oldName === null ? [] : [oldName])].some((each) =>
      this.#eventsFor(each, state).has('MailboxName'),
    );
    if (!wanted) return null;
    return `LIST ${entryText(this.#session, entryNamed(state, name), oldName)}`;
  }

  #metadataLine(
    { name, entries }: Extract<AccountChange, { kind: 'metadata' }>,
    state: AccountState,
  ): string | null {
    const wanted =
      name === null
        ? this.#groups.some(({ events }) => events.has('ServerMetadataChange'))
        : this.#eventsFor(name, state).has('MailboxMetadataChange');
    if (!wanted) return null;
    const told = entries.map((entry) => astring(entry)).join(' ');
    return `METADATA ${mailboxName(name ?? '', this.#session.text)} ${told}`;
  }

  /** Every group that applies adds its events (RFC 5465 §6). */
  #eventsFor(name: string, state: AccountState): ReadonlySet<NotifyEvent> {
    const groups = this.#groups.filter(({ filter }) => applies(filter, name, state));
    return new Set(groups.flatMap(({ events }) => [...events]));
  }
}

/** Names that are no mailbox, or no longer, are watched as if they were: what is told is that they came or went. */
function applies(filter: NotifyFilter, name: string, state: AccountState): boolean {
  switch (filter.kind) {
    case 'selected':
      return false;
    case 'personal':
      return true;
    case 'inboxes': {
      // Where deliveries go: see `functions/deliver/placement.ts`.
      const id = mailboxNamed(state, name)?.id;
      return id !== undefined && (id === INBOX_ID || id === mailboxFor(state, 'Junk')?.id);
    }
    case 'subscribed':
      return state.subscriptions.has(name);
    case 'subtree':
      return filter.names.some((above) => name === above || name.startsWith(above + DELIMITER));
    case 'mailboxes':
      return filter.names.includes(name);
  }
}
