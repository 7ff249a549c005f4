/**
 * A whole IMAP gateway in this process, over stores in memory or others that are brought along. It knows nothing of Jest:
 * hunts use it as tests do.
 */
import type { AccountId } from '../../shared/account/ids.ts';
import type { JournalStore } from '../../shared/account/journal-store.ts';
import { beginAccount } from '../../shared/account/new-account.ts';
import { ReplicaCache } from '../../shared/account/replica-cache.ts';
import { SummaryReader } from '../../shared/account/summary-reader.ts';
import type { BlobStore } from '../../shared/blob/blob-store.ts';
import type { BlobFormat } from '../../shared/blob/message-blobs.ts';
import { MessageStore } from '../../shared/blob/message-store.ts';
import type { Account, Login } from '../../shared/directory/directory.ts';
import type { KeyRing } from '../../shared/keys/key-ring.ts';
import { hashPassword, type ScryptParameters } from '../../shared/directory/password.ts';
import { PasswordVerifier } from '../../shared/directory/password-verifier.ts';
import { createGateway } from '../../gateway/imap/gateway.ts';
import type { ServerLog } from '../../gateway/imap/server/connection-handler.ts';
import type { ImapServer } from '../../gateway/imap/server/imap-server.ts';
import type { ImapLimits } from '../../gateway/imap/server/limits.ts';
import type { Timers } from '../../gateway/imap/server/timers.ts';
import type { TlsSettings } from '../../gateway/imap/server/tls.ts';
import type { Extension } from '../../gateway/imap/extensions.ts';
import { withForcedFolds } from './forced-folds.ts';
import { MemoryBlobStore } from './memory-blob-store.ts';
import { keyRingFor } from './memory-keys.ts';
import { MemoryJournalStore } from './memory-journal-store.ts';
import { MemoryServerAnnotations } from './memory-server-annotations.ts';
import { MemorySharing } from './memory-sharing.ts';
import { TestRim } from './rim.ts';
import type { Variant } from './variants.ts';

/** Nobody attacks a test. */
const CHEAP: ScryptParameters = { ln: 4, r: 8, p: 1 };
const STORED: TestGatewayOptions['stored'] = process.env.QUIRE_TEST_BLOBS === 'raw' ? 'raw' : 'sealed';
export const PASSWORD = 'correct horse';

export interface TestGatewayOptions {
  readonly journal?: JournalStore;
  readonly blobs?: BlobStore;
  readonly rim?: TestRim;
  readonly tls?: TlsSettings;
  readonly limits?: Partial<ImapLimits>;
  readonly timers?: Timers;
  /** Bytes that replicas may take. */
  readonly budgetBytes?: number;
  /** What is served; without it, everything. */
  readonly extensions?: readonly Extension[];
  /**
   * How messages are stored; sealed unless it is said. `QUIRE_TEST_BLOBS=raw npm test` runs all that do not say with raw
   * messages.
   */
  readonly stored?: 'sealed' | BlobFormat;
  /** What clients switch on when they have signed in, and how they connect. */
  readonly variant?: Variant;
}

/** What was logged as an error. */
export interface LoggedError {
  readonly fields: { readonly err?: unknown };
  readonly message: string;
}

export class MemoryGateway {
  readonly journal: JournalStore;
  readonly blobs: BlobStore;
  readonly rim: TestRim;
  readonly cache: ReplicaCache;
  readonly keys: KeyRing;
  readonly messages: MessageStore;
  readonly errors: LoggedError[] = [];
  readonly logins = new Map<string, Login>();
  readonly sharing = new MemorySharing(this.logins);
  readonly server: ImapServer;
  readonly variant: Variant;
  port = 0;
  static #started = 0;

  /** `listen` opens its port. */
  constructor(options: TestGatewayOptions, tls?: TlsSettings) {
    this.blobs = options.blobs ?? new MemoryBlobStore();
    // Two gateways with one source of chance would take each other's commits for their own.
    this.rim = options.rim ?? new TestRim(++MemoryGateway.#started);
    const stored = options.stored ?? STORED;
    this.keys = keyRingFor(this.blobs, () => this.rim.now(), stored === 'sealed');
    const format = stored === 'raw' ? 'raw' : 'framed';
    this.messages = new MessageStore(this.blobs, this.rim, { format, keys: this.keys });
    this.journal = withForcedFolds(options.journal ?? new MemoryJournalStore(), this.messages, this.rim);
    this.cache = new ReplicaCache(this.journal, this.rim, {
      budgetBytes: options.budgetBytes ?? 2 ** 28,
      beside: (account) => this.keys.look(account),
    });
    const log: ServerLog = {
      debug: () => undefined,
      warn: () => undefined,
      error: (fields, message) => void this.errors.push({ fields, message }),
    };
    const { limits, timers, extensions } = options;
    this.variant = options.variant ?? 'plain';
    this.server = createGateway({
      listeners: [{ kind: this.variant === 'tls' ? 'tls' : 'plain', host: '127.0.0.1', port: 0 }],
      cache: this.cache,
      // The only process there is: nobody else could wake it.
      wakes: { watch: () => Promise.resolve(), unwatch: () => undefined },
      messages: this.messages,
      summaries: new SummaryReader(this.journal, this.messages, 2 ** 24),
      directory: { findLogin: (address) => Promise.resolve(this.logins.get(address)) },
      sharing: this.sharing,
      serverAnnotations: new MemoryServerAnnotations(),
      users: {
        find: (address) => Promise.resolve(this.#accountOf(address)),
        setLimits: (address, limits) => {
          const login = this.logins.get(address);
          if (login) this.logins.set(address, { ...login, limits });
          return Promise.resolve();
        },
      },
      verifier: new PasswordVerifier({ now: () => this.rim.now(), parameters: CHEAP }),
      rim: this.rim,
      log,
      ...(tls && { tls }),
      ...(limits && { limits }),
      ...(extensions && { extensions }),
      ...(timers && { timers }),
    });
  }

  async listen(): Promise<void> {
    const [address] = await this.server.listen();
    this.port = address?.port ?? 0;
  }

  /** A new account with its mailboxes; its password is `PASSWORD`. */
  async addUser(address = 'alice@example.test', limits: Partial<Login['limits']> = {}): Promise<AccountId> {
    const account = await beginAccount(this.journal, this.rim);
    await this.keys.begin(account);
    await this.admit(address, account, limits);
    return account;
  }

  /** Lets `address` log in to an account that exists, as on a second gateway. */
  async admit(address: string, account: AccountId, limits: Partial<Login['limits']> = {}): Promise<void> {
    this.logins.set(address, {
      account,
      address,
      passwordHash: await hashPassword(PASSWORD, CHEAP),
      disabled: false,
      administrator: false,
      limits: { quotaBytes: 2 ** 40, quotaMessages: 2 ** 30, maxConnections: 100, ...limits },
    });
  }

  #accountOf(address: string): Account | undefined {
    const login = this.logins.get(address);
    if (!login) return undefined;
    const { account: id, administrator, limits } = login;
    return { id, addresses: [address], displayName: '', state: 'active', administrator, limits, created: 0 };
  }

  async stop(): Promise<void> {
    await this.server.drain({ graceMs: 0 });
  }
}
