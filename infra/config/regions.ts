import type { PricedRegion } from '../../shared/cost/price-list.ts';

/**
 * Regions in which SES receives mail ("Email receiving endpoints", AWS General Reference). A region that has come since can
 * be added here, and its prices to the list; its endpoint is always `inbound-smtp.<region>.amazonaws.com`.
 */
export const RECEIVING_REGIONS = [
  'us-east-1',
  'us-east-2',
  'us-west-2',
  'ca-central-1',
  'eu-central-1',
  'eu-west-1',
  'eu-west-2',
  'ap-northeast-1',
  'ap-southeast-1',
  'ap-southeast-2',
] as const satisfies readonly PricedRegion[];
export type ReceivingRegion = (typeof RECEIVING_REGIONS)[number];

export function receivingEndpoint(region: string): string {
  return `inbound-smtp.${region}.amazonaws.com`;
}

/** SMTP for sending, with credentials that are made in SES. */
export function sendingEndpoint(region: string): string {
  return `email-smtp.${region}.amazonaws.com`;
}
