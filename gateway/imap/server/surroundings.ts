import type { Metrics } from '../../../shared/metrics/metrics.ts';
import type { WriterOptions } from '../wire/response-writer.ts';
import type { Admission } from './admission.ts';
import type { Connection } from './connection.ts';
import type { HandlerFactory, ServerLog } from './connection-handler.ts';
import type { ImapLimits } from './limits.ts';
import type { Timers } from './timers.ts';
import type { TlsSettings } from './tls.ts';

/** What a connection takes from its server. */
export interface ConnectionSurroundings {
  readonly limits: ImapLimits;
  readonly writing: WriterOptions;
  readonly timers: Timers;
  readonly nextTurn: () => Promise<void>;
  readonly metrics: Metrics;
  readonly log: ServerLog;
  readonly admission: Admission;
  /** For STARTTLS; undefined if there is no certificate. */
  readonly tls: TlsSettings | undefined;
  readonly createHandler: HandlerFactory;
  /** The socket is closed, and the handler has been told. */
  readonly left: (connection: Connection) => void;
}
