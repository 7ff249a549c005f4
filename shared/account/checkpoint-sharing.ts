/** What checkpoints keep of annotations, access control lists and readers: the fields, as CBOR holds them. */
import type { Acl, AclEntry } from './acl.ts';
import { type Annotations, type AnnotationScope, NO_ANNOTATIONS, withAnnotation } from './annotations.ts';
import type { AccountId, ModSeq } from './ids.ts';
import type { Reader, Readers } from './readers.ts';
import type { Mailbox } from './state.ts';
import { packRanges, unpackRanges } from './uid-ranges.ts';

type Fields = readonly unknown[];

export function annotationFields(annotations: Annotations): Fields {
  return [...annotations.values()].map(({ scope, name, value }) => [scope, name, value]);
}

export function annotationsOfFields(fields: Fields): Annotations {
  let annotations = NO_ANNOTATIONS;
  for (const [scope, name, value] of fields as [AnnotationScope, string, Uint8Array][])
    annotations = withAnnotation(annotations, { scope, name, value });
  return annotations;
}

type Shared = Pick<Mailbox, 'acl' | 'annotations' | 'readers'>;

/** Whether a mailbox has any of it: most have not, and are kept as they were before there was any. */
export function hasShared({ acl, annotations, readers }: Shared): boolean {
  return acl.size > 0 || annotations.size > 0 || readers.size > 0;
}

export function sharedFields({ acl, annotations, readers }: Shared): Fields {
  return [
    [...acl.values()].map(({ identifier, account, rights }) => [identifier, account, rights]),
    annotationFields(annotations),
    [...readers].map(([reader, { seen, changes }]) => [
      reader,
      packRanges(seen),
      changes.map(({ modSeq, uids }) => [modSeq, packRanges(uids)]),
    ]),
  ];
}

export function sharedOf(fields: Fields): Shared {
  const [acl, annotations, readers] = fields;
  return {
    acl: aclOf(acl as [string, AccountId | null, string][]),
    annotations: annotationsOfFields(annotations as Fields),
    readers: readersOf(readers as [AccountId, Uint8Array, [ModSeq, Uint8Array][]][]),
  };
}

function aclOf(entries: readonly [string, AccountId | null, string][]): Acl {
  return new Map(
    entries.map(([identifier, account, rights]): [string, AclEntry] => [
      identifier,
      { identifier, account, rights },
    ]),
  );
}

function readersOf(fields: readonly [AccountId, Uint8Array, [ModSeq, Uint8Array][]][]): Readers {
  return new Map(
    fields.map(([reader, seen, changes]): [AccountId, Reader] => [
      reader,
      {
        seen: unpackRanges(seen),
        changes: changes.map(([modSeq, uids]) => ({ modSeq, uids: unpackRanges(uids) })),
      },
    ]),
  );
}
