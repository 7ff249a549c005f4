/**
 * Tests of what `docs/CONFORMANCE.md` promises. Each is run in every variant that applies, and once more against a gateway
 * that does not serve the extension: there it must fail, or it would not have tested it.
 */
import { describe, expect, test } from '@jest/globals';
import { type ExtensionName, extensionsBut } from '../../gateway/imap/extensions.ts';
import { TestGateway, type TestGatewayOptions } from './gateway.ts';
import { VARIANTS, type Variant, variantsFor } from './variants.ts';

export interface Conformance {
  /** Default: all that are served. Give a reason beside a narrower choice. */
  readonly variants?: readonly Variant[];
  readonly gateway?: TestGatewayOptions;
}

/** `scenario` finds one account, alice@example.test, with its mailboxes as they are made. */
export function conforms(
  extension: ExtensionName,
  name: string,
  scenario: (gateway: TestGateway) => Promise<void>,
  { variants = VARIANTS, gateway: options = {} }: Conformance = {},
): void {
  const run = async (more: TestGatewayOptions): Promise<void> => {
    const gateway = await TestGateway.start({ ...options, ...more });
    try {
      await gateway.addUser();
      await scenario(gateway);
    } finally {
      await gateway.stop();
    }
  };
  describe(`${extension}: ${name}`, () => {
    test.each(variants.map((variant) => ({ variant })))('$variant', ({ variant }) => run({ variant }));
    test(`fails without ${extension}`, async () => {
      const [variant = 'plain'] = variantsFor(variants, extension);
      await expect(run({ variant, extensions: extensionsBut(extension) })).rejects.toThrow();
    });
  });
}

/** Tests of the base protocol, in every variant that applies. */
export function inVariants(
  define: (variant: Variant) => void,
  variants: readonly Variant[] = VARIANTS,
): void {
  describe.each(variants.map((variant) => ({ variant })))('$variant', ({ variant }) => define(variant));
}
