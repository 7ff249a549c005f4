/**
 * Templates as CloudFormation would fill them in: every resource gets a name made of its logical id, and an ARN of the example
 * account. Knows the functions that the templates use, and refuses any other.
 */
import type { Assembly, Resource, Template } from './synthesised.ts';

export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::AccountId': ACCOUNT,
  'AWS::Region': REGION,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
};

/** The physical name of a resource: lower case, as buckets want it. */
const nameOf = (id: string): string => id.toLowerCase();

const ARNS: Readonly<Record<string, (name: string) => string>> = {
  'AWS::DynamoDB::GlobalTable': (name) => `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${name}`,
  'AWS::S3::Bucket': (name) => `arn:aws:s3:::${name}`,
  'AWS::SQS::Queue': (name) => `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`,
  'AWS::KMS::Key': (name) => `arn:aws:kms:${REGION}:${ACCOUNT}:key/${name}`,
  'AWS::Logs::LogGroup': (name) => `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${name}:*`,
};

type Node = string | number | boolean | null | readonly Node[] | { readonly [key: string]: Node };

export class Resolver {
  readonly #stacks: Readonly<Record<string, Template>>;

  constructor({ stacks }: Assembly, deployment = 'Quire') {
    this.#stacks = Object.fromEntries(
      Object.entries(stacks).map(([kind, template]) => [`${deployment}-${kind}`, template]),
    );
  }

  template(stack: string): Template {
    const template = this.#stacks[stack];
    if (!template) throw new Error(`no stack ${stack}`);
    return template;
  }

  /** A value of a template of `stack`, with all functions replaced. */
  value(stack: string, node: unknown): unknown {
    return this.#value(stack, node as Node);
  }

  text(stack: string, node: unknown): string {
    const value = this.value(stack, node);
    if (typeof value !== 'string') throw new Error(`not a text: ${JSON.stringify(node)}`);
    return value;
  }

  outputs(stack: string): Record<string, string> {
    const { Outputs = {} } = this.template(stack);
    return Object.fromEntries(
      Object.entries(Outputs).map(([name, { Value }]) => [name, this.text(stack, Value)]),
    );
  }

  #value(stack: string, node: Node): Node {
    if (typeof node !== 'object' || node === null) return node;
    if (Array.isArray(node)) return (node as readonly Node[]).map((each) => this.#value(stack, each));
    const entries = Object.entries(node);
    const [first] = entries;
    if (entries.length === 1 && first && (first[0] === 'Ref' || first[0].startsWith('Fn::')))
      return this.#function(stack, first[0], first[1]);
    return Object.fromEntries(entries.map(([key, value]) => [key, this.#value(stack, value)]));
  }

  #function(stack: string, name: string, argument: Node): Node {
    if (name === 'Ref') return this.#ref(stack, argument as string);
    const value = this.#value(stack, argument);
    switch (name) {
      case 'Fn::GetAtt': {
        const [id, attribute] = value as readonly [string, string];
        return this.#attribute(stack, id, attribute);
      }
      case 'Fn::Join': {
        const [delimiter, items] = value as readonly [string, readonly string[]];
        return items.join(delimiter);
      }
      case 'Fn::GetStackOutput': {
        const { StackName, OutputName } = value as { StackName: string; OutputName: string };
        return this.text(StackName, this.template(StackName).Outputs?.[OutputName]?.Value);
      }
      case 'Fn::Sub':
        return (value as string).replace(/\$\{([^}]+)\}/g, (_all, of: string) => this.#ref(stack, of));
      case 'Fn::Select': {
        const [index, list] = value as readonly [number | string, readonly Node[]];
        return list[Number(index)] ?? '';
      }
      case 'Fn::Split': {
        const [by, text] = value as readonly [string, string];
        return text.split(by);
      }
      default:
        throw new Error(`a function that is not known here: ${name}`);
    }
  }

  #resource(stack: string, id: string): Resource {
    const resource = this.template(stack).Resources[id];
    if (!resource) throw new Error(`no resource ${id} in ${stack}`);
    return resource;
  }

  #ref(stack: string, id: string): string {
    const pseudo = PSEUDO[id];
    if (pseudo !== undefined) return pseudo;
    const { Type, Properties } = this.#resource(stack, id);
    if (Type === 'AWS::SES::EmailIdentity') return this.text(stack, Properties?.EmailIdentity);
    if (Type === 'AWS::Logs::LogGroup') return this.text(stack, Properties?.LogGroupName);
    if (Type === 'AWS::SQS::Queue') return `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/${nameOf(id)}`;
    return nameOf(id);
  }

  #attribute(stack: string, id: string, attribute: string): string {
    const { Type, Properties } = this.#resource(stack, id);
    if (attribute !== 'Arn') return `${nameOf(id)}-${attribute.toLowerCase()}`;
    const name = Type === 'AWS::Logs::LogGroup' ? this.text(stack, Properties?.LogGroupName) : nameOf(id);
    return ARNS[Type]?.(name) ?? `arn:aws:${Type}:${name}`;
  }
}
