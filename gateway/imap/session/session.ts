/**
 * One client's session: who it is, what it has selected, what it has enabled. Commands work on it; the connection below
 * and the engine behind are reached through it.
 */
import type { Change, ChangeListener, Replica } from '../../../shared/account/replica.ts';
import type { AccountId, MailboxId } from '../../../shared/account/ids.ts';
import type { ReplicaCache, ReplicaLease } from '../../../shared/account/replica-cache.ts';
import type { Rim } from '../../../shared/account/rim.ts';
import type { Mailbox } from '../../../shared/account/state.ts';
import type { SummaryReader } from '../../../shared/account/summary-reader.ts';
import type { MessageStore } from '../../../shared/blob/message-store.ts';
import type {
  Login,
  LoginDirectory,
  ServerAnnotations,
  SharingDirectory,
  UserDirectory,
} from '../../../shared/directory/directory.ts';
import type { PasswordVerifier } from '../../../shared/directory/password-verifier.ts';
import type { Metrics } from '../../../shared/metrics/metrics.ts';
import type { WakeListener } from '../../../shared/wake/wake-listener.ts';
import type { ExtensionName, Offered } from '../extensions.ts';
import type { Language } from '../language/languages.ts';
import type { ServerLog } from '../server/connection-handler.ts';
import type { Connection } from '../server/connection.ts';
import type { Timer, Timers } from '../server/timers.ts';
import type { CursorOptions } from '../wire/parser.ts';
import type { TextEncoding } from '../wire/response.ts';
import type { ResponseWriter } from '../wire/response-writer.ts';
import type { Dialect } from './dialect.ts';
import { Home } from './home.ts';
import { ALL_KINDS, type Notifier } from './notifier.ts';
import type { Publisher } from './publisher.ts';
import type { Progress } from './progress.ts';
import { OwnOps } from './own-ops.ts';
import { No } from './refusals.ts';
import { RecentFloors } from './recent.ts';
import { Visits } from './visits.ts';
import type { ServerEntriesWatch } from './server-entries-watch.ts';
import { SelectedMailbox, type TellOptions } from './selected-mailbox.ts';

/** RFC 9051 §3; the logout state is the connection's end. */
export type SessionPhase = 'not authenticated' | 'authenticated' | 'selected';

/** What all sessions of a gateway share. */
export interface SessionServices {
  readonly cache: ReplicaCache;
  /** Wake-ups from other processes, for sessions that idle. */
  readonly wakes: Pick<WakeListener, 'watch' | 'unwatch'>;
  readonly messages: MessageStore;
  readonly summaries: SummaryReader;
  readonly directory: LoginDirectory;
  readonly sharing: SharingDirectory;
  readonly serverAnnotations: ServerAnnotations;
  readonly serverEntries: ServerEntriesWatch;
  /** Administration by those who may: quotas. */
  readonly users: Pick<UserDirectory, 'find' | 'setLimits'>;
  readonly publisher: Publisher;
  readonly verifier: PasswordVerifier;
  readonly rim: Rim;
  readonly timers: Timers;
  readonly metrics: Metrics;
  readonly log: ServerLog;
  readonly recent: WeakMap<Replica, RecentFloors>;
  readonly offered: Offered;
}

interface SignedIn {
  readonly administrator: boolean;
  readonly lease: ReplicaLease;
  readonly home: Home;
}

const NOTHING_ENABLED: ReadonlySet<string> = new Set();

export class Session implements ChangeListener {
  readonly connection: Connection;
  readonly services: SessionServices;
  /** Capabilities that are switched on, in upper case. */
  #enabled: ReadonlySet<string> = NOTHING_ENABLED;
  /** Of the command that runs, if it may take long. */
  progress: Progress | null = null;
  readonly own = new OwnOps();
  /** Sign-ins that failed on this connection. */
  failures = 0;
  #language: Language | undefined;
  #signedIn: SignedIn | null = null;
  #visits: Visits | null = null;
  #watching: readonly AccountId[] = [];
  #selected: SelectedMailbox | null = null;
  #rest: Timer | null = null;
  #notifier: Notifier | null = null;
  /** The client is told of changes as they happen: the connection is stirred by each. */
  pushing = false;

  constructor(connection: Connection, services: SessionServices) {
    this.connection = connection;
    this.services = services;
  }

  get phase(): SessionPhase {
    if (!this.#signedIn) return 'not authenticated';
    return this.#selected ? 'selected' : 'authenticated';
  }

  get writer(): ResponseWriter {
    return this.connection.writer;
  }

  /** For reading a command's arguments. */
  get grammar(): CursorOptions {
    return {
      ...this.text,
      uidOnly: this.hasEnabled('UIDONLY'),
      offers: (extension) => this.offers(extension),
    };
  }

  /** What the client can read, for everything in `wire/response.ts`. */
  get text(): TextEncoding {
    return { utf8: this.hasEnabled('UTF8=ACCEPT') || this.hasEnabled('IMAP4rev2') };
  }

  get condstore(): boolean {
    return this.hasEnabled('CONDSTORE');
  }

  get dialect(): Dialect {
    return {
      modSeqs: this.condstore,
      qresync: this.hasEnabled('QRESYNC'),
      uidOnly: this.hasEnabled('UIDONLY'),
      rev2: this.hasEnabled('IMAP4rev2'),
      words: (text) => this.writer.words(text),
    };
  }

  /** The language that the client has chosen (RFC 5255). */
  get language(): Language | undefined {
    return this.#language;
  }

  /** Speaks it from here on. */
  speak(language: Language): void {
    this.#language = language;
    this.writer.spoken = language;
  }

  /** Whether this gateway serves the extension. */
  offers(extension: ExtensionName): boolean {
    return this.services.offered.has(extension);
  }

  /** Whether the client has switched the extension on. */
  hasEnabled(extension: ExtensionName): boolean {
    return this.#enabled.has(extension);
  }

  /** ENABLE: the name of what was switched on, or undefined if nothing is called so (RFC 5161 §3.1: it is passed over). */
  enable(word: string): string | undefined {
    const names = this.services.offered.enabledBy(word);
    if (names.length > 0) this.#enabled = new Set([...this.#enabled, ...names]);
    return names[0];
  }

  /**
   * From here on FETCH responses that nobody asked for carry MODSEQ: by ENABLE, or by a command that shows that the client
   * knows mod-sequences. With a mailbox selected, the client is told its highest (RFC 7162 §3.1).
   */
  enableCondstore(): void {
    if (this.condstore) return;
    this.#enabled = new Set([...this.#enabled, 'CONDSTORE']);
    const mailbox = this.#selected?.current;
    if (mailbox) this.tellHighestModSeq(mailbox);
  }

  tellHighestModSeq(mailbox: Mailbox): void {
    this.writer.status('*', 'OK', 'highest mod-sequence', {
      code: 'HIGHESTMODSEQ',
      value: mailbox.highestModSeq,
    });
  }

  /** Whether who has signed in may do what only administrators may. */
  get administrator(): boolean {
    return this.#signedIn?.administrator ?? false;
  }

  /** The account of who has signed in. Only for commands that run after that. */
  get home(): Home {
    if (!this.#signedIn) throw new Error('nobody has signed in');
    return this.#signedIn.home;
  }

  /** Null in the authenticated state. */
  get selectedOrNull(): SelectedMailbox | null {
    return this.#selected;
  }

  /** The selected mailbox. Only for commands of the selected state. */
  get selected(): SelectedMailbox {
    if (!this.#selected) throw new Error('no mailbox is selected');
    return this.#selected;
  }

  /** Keeps nothing of the password. Throws `No` if the account has too many connections. */
  signIn(login: Login): void {
    const admitted = this.connection.signIn(login.account, login.limits.maxConnections);
    if (!admitted.ok) throw new No(admitted.reason, 'LIMIT');
    const lease = this.services.cache.acquire(login.account);
    const { address, limits: quota } = login;
    const { replica } = lease;
    const recent = this.#floorsOf(replica);
    const home = new Home({ replica, address, quota, recent, own: this.own, guest: null });
    this.#signedIn = { administrator: login.administrator, lease, home };
  }

  /** The account of the user with this address; null if there is none. What may be done there, `Home` decides. */
  homeOf(address: string): Promise<Home | null> {
    const { sharing, cache } = this.services;
    const floorsOf = (replica: Replica): RecentFloors => this.#floorsOf(replica);
    this.#visits ??= new Visits({ sharing, cache, floorsOf, own: this.own, home: this.home });
    return this.#visits.homeOf(address, this.#selected?.home.account);
  }

  #floorsOf(replica: Replica): RecentFloors {
    let floors = this.services.recent.get(replica);
    if (!floors) {
      floors = new RecentFloors();
      this.services.recent.set(replica, floors);
    }
    return floors;
  }

  /** Ends here; returns the session with which the connection goes on: nobody has signed in, nothing is switched on. */
  signedOut(): Session {
    this.release();
    this.connection.signOut();
    this.writer.spoken = undefined;
    const next = new Session(this.connection, this.services);
    next.failures = this.failures;
    return next;
  }

  /**
   * Has other processes wake this gateway for an account (that of the selected mailbox), until the session ends. Sync
   * after it: in the other order, a commit between the two would be neither read nor told.
   */
  async watch({ account }: Home = this.#selected?.home ?? this.home): Promise<void> {
    if (this.#watching.includes(account)) return;
    await this.services.wakes.watch(account);
    // The client may have gone meanwhile, or asked twice.
    if (this.#signedIn && !this.#watching.includes(account)) this.#watching = [...this.#watching, account];
    else this.services.wakes.unwatch(account);
  }

  /** Whether this is the selected mailbox. */
  hasSelected({ account }: Home, mailbox: MailboxId): boolean {
    return this.#selected?.id === mailbox && this.#selected.home.account === account;
  }

  /** Enters the selected state. What was selected before is left. */
  select(selected: SelectedMailbox): void {
    this.deselect();
    this.#selected = selected;
    selected.home.replica.listen(this);
  }

  /** Of the selected mailbox's account. */
  changed(change: Change): void {
    this.#selected?.note(change);
    this.#notifier?.selectedChanged(change);
    if (this.pushing || this.#notifier?.pushes) this.connection.stir();
  }

  /** Back to the authenticated state, without a word to the client. */
  deselect(): void {
    this.#selected?.home.replica.unlisten(this);
    this.#selected = null;
  }

  /** NOTIFY: from here on the client is told what `notifier` says, and nothing else. */
  notify(notifier: Notifier): void {
    this.#notifier?.end();
    this.#notifier = notifier;
    // The client may have gone while it began.
    if (!this.#signedIn) notifier.end();
  }

  /** NOTIFY watches what is selected, whoever's it is: other processes wake this gateway for it. False: there was no need. */
  async watchSelected(home: Home): Promise<boolean> {
    // Its own account is watched as long as the client is told anything.
    if (!this.#notifier?.pushes || home.guest === null || this.#watching.includes(home.account)) return false;
    await this.watch(home);
    await home.sync();
    return true;
  }

  /** Something has happened while no command runs, and the client has asked to be told so (NOTIFY). */
  async pushNews(): Promise<void> {
    if (!this.#notifier?.pushes) return;
    await this.announce(!this.#notifier.delayed);
    this.quiet();
  }

  /**
   * Tells the client what has changed, up to the newest state that this process knows: in the selected mailbox, and
   * elsewhere if it has asked for it. `answersFlags`: flags are told whatever NOTIFY says.
   */
  async announce(expunges: boolean, telling?: TellOptions['telling'], answersFlags = false): Promise<void> {
    const { kinds = ALL_KINDS } = this.#notifier ?? {};
    const dialect = this.dialect;
    const flags = kinds.flags || answersFlags;
    if (this.#selected) {
      const options = { expunges, dialect, kinds: { ...kinds, flags }, ...(telling && { telling }) };
      await this.#announceSelected(this.#selected, options);
    }
    await this.#notifier?.tell();
  }

  /** If the mailbox is gone, the connection ends with BYE. */
  async #announceSelected(selected: SelectedMailbox, options: TellOptions): Promise<void> {
    const { view } = selected;
    const news = await selected.news(options);
    if (news === null) {
      this.deselect();
      const own = selected.home.guest === null;
      this.connection.bye(
        own
          ? 'the selected mailbox was deleted'
          : 'the selected mailbox is gone, or it is not shared with you any more',
      );
      return;
    }
    const { before, arrived, after } = await selected.contexts.updates(this, view, news.mailbox);
    await this.#write([...before, ...news.lines]);
    for (const tell of arrived) await tell();
    await this.#write(after);
    if (this.#notifier && selected.view.next > view.next)
      await this.#notifier.arrived(selected.view.uids.filter((uid) => uid >= view.next));
  }

  async #write(lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      this.writer.write(line);
      if (this.writer.full) await this.writer.pace();
    }
  }

  /** The client is quiet: after a while its view is packed. */
  quiet(): void {
    this.#visits?.forget();
    // What a gateway that died has left unpublished, or could not publish before.
    for (const home of [this.#signedIn?.home, this.#selected?.home])
      if (home && this.services.publisher.isDue(home)) void this.services.publisher.publish(home);
    this.#rest?.cancel();
    const { restMs } = this.connection.limits;
    this.#rest = this.#selected && this.services.timers.after(restMs, () => this.#goToRest());
  }

  #goToRest(): void {
    this.#rest = null;
    this.#selected?.view.rest();
  }

  /** The client is back. */
  busy(): void {
    this.#visits?.forget();
    this.#rest?.cancel();
    this.#rest = null;
  }

  /** The words of CAPABILITY at this moment. */
  capabilities(): string[] {
    const { secure, canStartTls, limits } = this.connection;
    return this.services.offered.words(this.#signedIn !== null, {
      secure,
      canStartTls,
      messageBytes: limits.messageBytes,
      unaskedLiteralBytes: limits.unaskedLiteralBytes,
      messagesPerCommand: limits.messagesPerCommand,
      administrator: this.administrator,
    });
  }

  /** The connection is over. */
  release(): void {
    this.busy();
    this.deselect();
    this.#notifier?.end();
    this.#notifier = null;
    for (const account of this.#watching) this.services.wakes.unwatch(account);
    this.#watching = [];
    this.#visits?.release();
    this.#visits = null;
    this.#signedIn?.lease.release();
    this.#signedIn = null;
  }
}
