/** At the end, with nobody at work: all that anybody can see is what the journals say, before a last fold and after it. */
import type { AccountState } from '../../../shared/account/state.ts';
import { compareWithImap } from '../imap-comparison.ts';
import type { JournalReplay } from '../journal-replay.ts';
import { compareColdOpening } from './cold-opening.ts';
import { GuestView } from './guest-view.ts';
import type { OwnAccount } from './own-account.ts';
import type { Tokens } from './tokens.ts';
import { type GuestUser, LOGIN, type World } from './world.ts';

export async function compareEverything(
  world: World,
  replay: JournalReplay,
  tokens: Tokens,
  owns: ReadonlyMap<GuestUser, OwnAccount>,
): Promise<void> {
  const shared = await tokensIn(replay.state, tokens);
  for (const again of [false, true]) {
    if (again && replay.number > 1) await world.fold(world.account);
    await compareColdOpening(world.engine.journal, world.account, replay.state);
    for (const port of world.ports) {
      const tokenOf = (blob: string): string => shared.get(blob) ?? '';
      await compareWithImap({ port, login: LOGIN, state: replay.state, tokenOf });
      for (const { account, login, prefix } of world.guests) {
        const { state } = new GuestView(replay, account, prefix);
        await compareWithImap({ port, login, state, tokenOf, prefix });
      }
    }
  }
  for (const [guest, own] of owns) await compareOwn(world, guest, own);
}

async function compareOwn(world: World, { account, login }: GuestUser, own: OwnAccount): Promise<void> {
  const tokens = await own.tokens();
  const { state } = own.replay;
  await compareColdOpening(world.engine.journal, account, state);
  for (const port of world.ports)
    await compareWithImap({ port, login, state, tokenOf: (blob) => tokens.get(blob) ?? '' });
}

async function tokensIn({ mailboxes }: AccountState, tokens: Tokens): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const { columns } of mailboxes.values())
    for (let row = 0; columns && row < columns.count; row++) {
      const blob = columns.blobAt(row);
      found.set(blob, await tokens.of(blob));
    }
  return found;
}
