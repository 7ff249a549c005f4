/** Refusals (NO): in English as the code has it, in German and in French; see `catalogue.ts`. */
export type Entry = readonly [english: string, german: string, french: string];

export const REFUSALS: readonly Entry[] = [
  [
    'there is no mailbox with that name',
    'es gibt keinen Ordner mit diesem Namen',
    'aucune boîte ne porte ce nom',
  ],
  [
    'there is no message with that UID',
    'es gibt keine Nachricht mit dieser UID',
    'aucun message n’a cet UID',
  ],
  ['mailbox "{}" exists already', 'den Ordner „{}“ gibt es schon', 'la boîte « {} » existe déjà'],
  ['mailbox "{}" does not exist', 'den Ordner „{}“ gibt es nicht', 'la boîte « {} » n’existe pas'],
  [
    '"{}" is only a level above other mailboxes: delete those',
    '„{}“ ist nur eine Ebene über anderen Ordnern: löschen Sie diese',
    '« {} » n’est qu’un niveau au-dessus d’autres boîtes : supprimez celles-ci',
  ],
  ['INBOX cannot be deleted', 'INBOX kann nicht gelöscht werden', 'INBOX ne peut pas être supprimée'],
  [
    'a mailbox cannot be moved below itself',
    'ein Ordner kann nicht unter sich selbst verschoben werden',
    'une boîte ne peut pas être déplacée sous elle-même',
  ],
  [
    'a mailbox name cannot be empty',
    'ein Ordnername kann nicht leer sein',
    'un nom de boîte ne peut pas être vide',
  ],
  [
    'a mailbox name cannot have an empty level: "{}" stands between names',
    'ein Ordnername kann keine leere Ebene haben: „{}“ steht zwischen Namen',
    'un nom de boîte ne peut pas avoir de niveau vide : « {} » sépare des noms',
  ],
  [
    'a mailbox name can have at most {} bytes of UTF-8',
    'ein Ordnername hat höchstens {} Bytes in UTF-8',
    'un nom de boîte a au plus {} octets en UTF-8',
  ],
  [
    'special use {} is not supported',
    'die besondere Verwendung {} wird nicht unterstützt',
    'l’usage particulier {} n’est pas pris en charge',
  ],
  [
    'the account may hold {} bytes',
    'das Konto fasst höchstens {} Bytes',
    'le compte contient au plus {} octets',
  ],
  [
    'the account may hold {} messages',
    'das Konto fasst höchstens {} Nachrichten',
    'le compte contient au plus {} messages',
  ],
  [
    'a message may have at most {} bytes',
    'eine Nachricht hat höchstens {} Bytes',
    'un message a au plus {} octets',
  ],
  [
    'an empty message cannot be appended',
    'eine leere Nachricht kann nicht angefügt werden',
    'un message vide ne peut pas être ajouté',
  ],
  [
    'some of the messages have been expunged',
    'einige der Nachrichten sind endgültig entfernt worden',
    'certains des messages ont été effacés',
  ],
  [
    'the message to be replaced has been expunged',
    'die Nachricht, die ersetzt werden soll, ist endgültig entfernt worden',
    'le message à remplacer a été effacé',
  ],
  ['the mailbox is gone', 'den Ordner gibt es nicht mehr', 'la boîte n’existe plus'],
  [
    'the mailbox is open for reading only: SELECT it',
    'der Ordner ist nur zum Lesen offen: SELECT öffnet ihn ganz',
    'la boîte n’est ouverte qu’en lecture : utilisez SELECT',
  ],
  [
    'a mailbox has at most {} different keywords',
    'ein Ordner hat höchstens {} verschiedene Schlagwörter',
    'une boîte a au plus {} mots-clés différents',
  ],
  [
    'a keyword has at most {} characters',
    'ein Schlagwort hat höchstens {} Zeichen',
    'un mot-clé a au plus {} caractères',
  ],
  [
    'the header holds 8-bit characters: that needs ENABLE UTF8=ACCEPT before',
    'der Kopf enthält 8-Bit-Zeichen: dazu muss vorher ENABLE UTF8=ACCEPT gegeben werden',
    'l’en-tête contient des caractères à 8 bits : il faut d’abord ENABLE UTF8=ACCEPT',
  ],
  [
    'you may not do this with the mailbox: it needs the right "{}"',
    'das dürfen Sie mit dem Ordner nicht tun: es braucht das Recht „{}“',
    'vous ne pouvez pas faire cela avec cette boîte : il faut le droit « {} »',
  ],
  [
    'wrong user name or password',
    'Benutzername oder Kennwort falsch',
    'nom d’utilisateur ou mot de passe incorrect',
  ],
  ['this account is disabled', 'dieses Konto ist gesperrt', 'ce compte est désactivé'],
  [
    'passwords are taken over TLS only: use STARTTLS or the TLS port',
    'Kennwörter werden nur über TLS angenommen: STARTTLS oder der TLS-Port hilft',
    'les mots de passe ne sont acceptés que sous TLS : utilisez STARTTLS ou le port TLS',
  ],
  [
    'only the mechanism PLAIN is known',
    'nur das Verfahren PLAIN ist bekannt',
    'seul le mécanisme PLAIN est connu',
  ],
  [
    'there are too many connections to this account',
    'es gibt zu viele Verbindungen zu diesem Konto',
    'il y a trop de connexions à ce compte',
  ],
  [
    'none of these languages is spoken here',
    'keine dieser Sprachen wird hier gesprochen',
    'aucune de ces langues n’est parlée ici',
  ],
  [
    'the account is very busy at this moment, please try again',
    'das Konto ist gerade sehr beschäftigt, bitte versuchen Sie es noch einmal',
    'le compte est très occupé en ce moment, veuillez réessayer',
  ],
  [
    'the change is too large for one command, please split it',
    'die Änderung ist zu groß für einen Befehl, bitte teilen Sie sie',
    'la modification est trop grande pour une commande, veuillez la diviser',
  ],
  [
    'NUL can be kept only in parts that have no transfer encoding yet',
    'NUL kann nur in Teilen bleiben, die noch keine Übertragungskodierung haben',
    'NUL ne peut rester que dans des parties qui n’ont pas encore d’encodage de transfert',
  ],
  ['a URL cannot be used: {*}', 'eine URL ist nicht zu gebrauchen: {*}', 'une URL est inutilisable : {*}'],
  [
    'a batch has at least {} messages',
    'eine Portion hat mindestens {} Nachrichten',
    'un lot a au moins {} messages',
  ],
  [
    'a range of batches spans at most {} messages',
    'ein Bereich von Portionen umfasst höchstens {} Nachrichten',
    'une plage de lots couvre au plus {} messages',
  ],
  [
    'the mailbox has hardly changed since these batches were told',
    'der Ordner hat sich kaum verändert, seit diese Portionen genannt wurden',
    'la boîte n’a guère changé depuis que ces lots ont été indiqués',
  ],
  [
    'a command works on at most {} messages',
    'ein Befehl bearbeitet höchstens {} Nachrichten',
    'une commande traite au plus {} messages',
  ],
  [
    'too many messages for one command: name fewer',
    'zu viele Nachrichten für einen Befehl: nennen Sie weniger',
    'trop de messages pour une commande : nommez-en moins',
  ],
  [
    'a mailbox can be shared with at most {} identifiers',
    'ein Ordner kann mit höchstens {} Kennungen geteilt werden',
    'une boîte peut être partagée avec au plus {} identifiants',
  ],
  [
    'an account can have at most {} entries in its lists',
    'ein Konto hat in seinen Listen höchstens {} Einträge',
    'un compte a au plus {} entrées dans ses listes',
  ],
  [
    'the names of all shared mailboxes are too long together',
    'die Namen aller geteilten Ordner sind zusammen zu lang',
    'les noms de toutes les boîtes partagées sont trop longs ensemble',
  ],
  [
    'the owner of a mailbox always has all rights',
    'wem ein Ordner gehört, hat immer alle Rechte',
    'le propriétaire d’une boîte a toujours tous les droits',
  ],
  [
    'there is no user and no group {}',
    'es gibt weder Benutzer noch Gruppe {}',
    'il n’y a ni utilisateur ni groupe {}',
  ],
  [
    'a mailbox can have one special use only',
    'ein Ordner kann nur eine besondere Verwendung haben',
    'une boîte ne peut avoir qu’un usage particulier',
  ],
  [
    'only the owner can give a mailbox a special use',
    'nur wem der Ordner gehört, kann ihm eine besondere Verwendung geben',
    'seul le propriétaire peut donner un usage particulier à une boîte',
  ],
  [
    'the special use of a mailbox is given by CREATE, and stays',
    'die besondere Verwendung eines Ordners vergibt CREATE, und sie bleibt',
    'l’usage particulier d’une boîte est donné par CREATE, et il reste',
  ],
  [
    'mailbox "{}" is in use as \\{} already',
    'der Ordner „{}“ dient schon als \\{}',
    'la boîte « {} » sert déjà de \\{}',
  ],
  [
    'a mailbox cannot be moved into another account: copy its messages',
    'ein Ordner kann nicht in ein anderes Konto verschoben werden: kopieren Sie seine Nachrichten',
    'une boîte ne peut pas passer dans un autre compte : copiez ses messages',
  ],
  [
    'only its owner can rename INBOX, which moves its messages',
    'INBOX umzubenennen, was ihre Nachrichten verschiebt, kann nur, wem sie gehört',
    'seul son propriétaire peut renommer INBOX, ce qui déplace ses messages',
  ],
  [
    'a mailbox keeps \\Seen for at most {} readers',
    'ein Ordner merkt sich \\Seen für höchstens {} Lesende',
    'une boîte retient \\Seen pour au plus {} lecteurs',
  ],
  [
    'a mailbox name can have at most {} levels',
    'ein Ordnername hat höchstens {} Ebenen',
    'un nom de boîte a au plus {} niveaux',
  ],
  [
    'a mailbox name cannot begin with "#": that marks a namespace',
    'ein Ordnername kann nicht mit „#“ beginnen: das bezeichnet einen Namensraum',
    'un nom de boîte ne peut pas commencer par « # », qui désigne un espace de noms',
  ],
  [
    'a mailbox name cannot hold control characters or line separators',
    'ein Ordnername kann keine Steuerzeichen und Zeilentrenner enthalten',
    'un nom de boîte ne peut contenir ni caractères de contrôle ni séparateurs de ligne',
  ],
  [
    'no level of a mailbox name can be "." or ".."',
    'keine Ebene eines Ordnernamens kann „.“ oder „..“ sein',
    'aucun niveau d’un nom de boîte ne peut être « . » ou « .. »',
  ],
  [
    'the mailbox name is not valid Unicode: it holds half a surrogate pair',
    'der Ordnername ist kein gültiges Unicode: er enthält ein halbes Surrogatpaar',
    'le nom de boîte n’est pas de l’Unicode valide : il contient une moitié de paire de substitution',
  ],
  [
    'an account can have at most {} mailboxes',
    'ein Konto hat höchstens {} Ordner',
    'un compte a au plus {} boîtes',
  ],
  [
    'an account can have at most {} subscriptions',
    'ein Konto hat höchstens {} Abonnements',
    'un compte a au plus {} abonnements',
  ],
  [
    'no UIDVALIDITY is left: the clock of the server stands beyond the year 2106',
    'es ist keine UIDVALIDITY mehr übrig: die Uhr des Servers steht hinter dem Jahr 2106',
    'il ne reste plus de UIDVALIDITY : l’horloge du serveur a passé l’année 2106',
  ],
  [
    'the mailbox has no UIDs left: copy its messages to a new one',
    'der Ordner hat keine UIDs mehr: kopieren Sie seine Nachrichten in einen neuen',
    'la boîte n’a plus de UID : copiez ses messages dans une nouvelle',
  ],
  [
    'the message was stored too long ago',
    'die Nachricht wurde vor zu langer Zeit gespeichert',
    'le message a été enregistré il y a trop longtemps',
  ],
  [
    'the header of a part has more than {} bytes',
    'der Kopf eines Teils hat mehr als {} Bytes',
    'l’en-tête d’une partie a plus de {} octets',
  ],
  [
    'part {} has a transfer encoding that is not known',
    'Teil {} hat eine Übertragungskodierung, die nicht bekannt ist',
    'la partie {} a un encodage de transfert inconnu',
  ],
  [
    'into another account at most {} messages go at a time',
    'in ein anderes Konto gehen höchstens {} Nachrichten auf einmal',
    'vers un autre compte passent au plus {} messages à la fois',
  ],
  [
    'into another account at most {} octets go at a time',
    'in ein anderes Konto gehen höchstens {} Bytes auf einmal',
    'vers un autre compte passent au plus {} octets à la fois',
  ],
  [
    'a search has at most {} fuzzy texts',
    'eine Suche hat höchstens {} ungenaue Texte',
    'une recherche a au plus {} textes approchés',
  ],
  ['{} is no search: {*}', '{} ist keine Suche: {*}', '{} n’est pas une recherche : {*}'],
  ['a value has at most {} octets', 'ein Wert hat höchstens {} Bytes', 'une valeur a au plus {} octets'],
  [
    'there can be {} entries here at most',
    'hier kann es höchstens {} Einträge geben',
    'il peut y avoir ici au plus {} entrées',
  ],
  [
    'all annotations of an account have at most {} octets',
    'alle Anmerkungen eines Kontos haben höchstens {} Bytes',
    'toutes les annotations d’un compte ont au plus {} octets',
  ],
  [
    'all shared annotations of the server have at most {} octets',
    'alle gemeinsamen Anmerkungen des Servers haben höchstens {} Bytes',
    'toutes les annotations communes du serveur ont au plus {} octets',
  ],
  [
    'you may not see the annotations of this mailbox',
    'die Anmerkungen dieses Ordners dürfen Sie nicht sehen',
    'vous ne pouvez pas voir les annotations de cette boîte',
  ],
  [
    'only an administrator can set shared entries of the server, and none /shared/admin',
    'nur die Verwaltung kann gemeinsame Einträge des Servers setzen, und niemand /shared/admin',
    'seul un administrateur peut modifier les entrées communes du serveur, et personne /shared/admin',
  ],
  [
    'set private and shared entries of the server one after the other',
    'setzen Sie eigene und gemeinsame Einträge des Servers nacheinander',
    'modifiez les entrées privées et communes du serveur l’une après l’autre',
  ],
  [
    'only STORAGE and MESSAGE can be limited',
    'nur STORAGE und MESSAGE können begrenzt werden',
    'seuls STORAGE et MESSAGE peuvent être limités',
  ],
  [
    'only an administrator can set a quota',
    'nur die Verwaltung kann ein Kontingent setzen',
    'seul un administrateur peut modifier un quota',
  ],
  ['there is no such quota root', 'ein solches Kontingent gibt es nicht', 'il n’y a pas de tel quota'],
  [
    'mailboxes of at most {} other users can be watched, named one by one or by owner',
    'Ordner von höchstens {} anderen Benutzern können beobachtet werden, einzeln oder mit dem Besitzer genannt',
    'les boîtes d’au plus {} autres utilisateurs peuvent être suivies, nommées une à une ou par leur propriétaire',
  ],
  [
    'some of these events are not known here',
    'einige dieser Ereignisse sind hier nicht bekannt',
    'certains de ces événements sont inconnus ici',
  ],
  [
    'you may not change these flags here',
    'diese Markierungen dürfen Sie hier nicht ändern',
    'vous ne pouvez pas changer ces marques ici',
  ],
  [
    'mailbox "{}" has no UIDs left: bring messages back into another',
    'der Ordner „{}“ hat keine UIDs mehr: holen Sie Nachrichten in einen anderen zurück',
    'la boîte « {} » n’a plus de UID : ramenez les messages dans une autre',
  ],
];
