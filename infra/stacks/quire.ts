/** All stacks of a deployment, in one place: what `cdk deploy --all` stands up. */
import type { App } from 'aws-cdk-lib';
import type { Deployment } from '../config/check.ts';
import { DeliveryStack } from './delivery.ts';
import { GatewayStack } from './gateway.ts';
import { MaintenanceStack } from './maintenance.ts';
import { ObservabilityStack } from './observability.ts';
import { stackName } from './names.ts';
import { StorageStack } from './storage.ts';

export interface QuireStacks {
  readonly storage: StorageStack;
  readonly delivery: DeliveryStack;
  readonly gateway: GatewayStack;
  readonly maintenance: MaintenanceStack;
  readonly observability: ObservabilityStack;
}

export function addStacks(app: App, deployment: Deployment): QuireStacks {
  // The account is that of whoever deploys. Nothing is looked up, so that the templates are the same for everybody.
  const env = { region: deployment.region };
  const name = (kind: Parameters<typeof stackName>[1]): string => stackName(deployment.name, kind);
  const storage = new StorageStack(app, name('Storage'), { deployment, env, terminationProtection: true });
  const delivery = new DeliveryStack(app, name('Delivery'), { deployment, env, storage });
  const gateway = new GatewayStack(app, name('Gateway'), { deployment, env, storage });
  const maintenance = new MaintenanceStack(app, name('Maintenance'), { deployment, env, storage });
  const observability = new ObservabilityStack(app, name('Observability'), {
    deployment,
    env,
    storage,
    delivery,
    gateway,
    maintenance,
  });
  return { storage, delivery, gateway, maintenance, observability };
}
