/**
 * Faults in a command (BAD): in English as the code has it, in German and in French; see `catalogue.ts`. What was expected,
 * what was found and where are phrases of their own (`phrases.ts`).
 */
import type { Entry } from './refusals.ts';

export const BAD_COMMANDS: readonly Entry[] = [
  // --- by the grammar
  [
    'expected {*}, found {*} at {*}',
    'erwartet: {*}; gefunden: {*}, {*}',
    'attendu : {*} ; trouvé : {*}, {*}',
  ],
  ['expected {*} below {} at {*}', 'erwartet: {*}, kleiner als {}, {*}', 'attendu : {*}, moins de {}, {*}'],
  [
    'expected {*} greater than 0 at {*}',
    'erwartet: {*}, größer als 0, {*}',
    'attendu : {*}, plus grand que 0, {*}',
  ],
  [
    'nested more than {} levels deep at {*}',
    'mehr als {} Ebenen tief verschachtelt, {*}',
    'plus de {} niveaux imbriqués, {*}',
  ],
  ['{*} must not be a literal8', '{*} darf kein literal8 sein', '{*} ne peut pas être un literal8'],
  [
    '{*} must not hold a NUL byte',
    '{*} darf kein NUL-Byte enthalten',
    '{*} ne peut pas contenir d’octet NUL',
  ],
  [
    '{*} is not valid UTF-8 (before {*})',
    '{*} ist kein gültiges UTF-8 (vor {*})',
    '{*} n’est pas de l’UTF-8 valide (avant {*})',
  ],
  [
    '{*} is not valid UTF-8: name its charset with CHARSET',
    '{*} ist kein gültiges UTF-8: nennen Sie den Zeichensatz mit CHARSET',
    '{*} n’est pas de l’UTF-8 valide : indiquez son jeu de caractères avec CHARSET',
  ],
  [
    'a sequence set holds numbers from 1 to 4294967295, ranges such as 2:4 or 5:*, and commas',
    'eine Menge von Nachrichten besteht aus Zahlen von 1 bis 4294967295, Bereichen wie 2:4 oder 5:* und Kommas',
    'un ensemble de messages contient des nombres de 1 à 4294967295, des plages comme 2:4 ou 5:* et des virgules',
  ],
  [
    'mailbox name is not valid modified UTF-7: {*}',
    'der Ordnername ist kein gültiges modifiziertes UTF-7: {*}',
    'le nom de boîte n’est pas de l’UTF-7 modifié valide : {*}',
  ],
  ['a command begins with a tag', 'ein Befehl beginnt mit einem Tag', 'une commande commence par un tag'],
  [
    'the command is longer than {} bytes',
    'der Befehl ist länger als {} Bytes',
    'la commande a plus de {} octets',
  ],
  ['the line is longer than {} bytes', 'die Zeile ist länger als {} Bytes', 'la ligne a plus de {} octets'],
  // --- literals
  [
    'literals of this command may hold {} bytes in all',
    'die Literale dieses Befehls haben zusammen höchstens {} Bytes',
    'les littéraux de cette commande ont au plus {} octets en tout',
  ],
  [
    'a literal of more than {} bytes must wait for the answer to its announcement',
    'ein Literal von mehr als {} Bytes muss auf die Antwort auf seine Ankündigung warten',
    'un littéral de plus de {} octets doit attendre la réponse à son annonce',
  ],
  [
    'a literal with "+" needs {}, which is not on offer',
    'ein Literal mit „+“ braucht {}, das nicht angeboten wird',
    'un littéral avec « + » demande {}, qui n’est pas offert',
  ],
  [
    'the literal holds a NUL byte: send it as a literal8, ~{n}',
    'das Literal enthält ein NUL-Byte: senden Sie es als literal8, ~{n}',
    'le littéral contient un octet NUL : envoyez-le comme literal8, ~{n}',
  ],
  [
    'a literal8, ~{n}, needs BINARY, which is not on offer',
    'ein literal8, ~{n}, braucht BINARY, das nicht angeboten wird',
    'un literal8, ~{n}, demande BINARY, qui n’est pas offert',
  ],
  [
    'a UTF8 literal needs ENABLE UTF8=ACCEPT before',
    'ein UTF8-Literal braucht vorher ENABLE UTF8=ACCEPT',
    'un littéral UTF8 demande d’abord ENABLE UTF8=ACCEPT',
  ],
  ['UTF8 takes a literal8, ~{n}', 'zu UTF8 gehört ein literal8, ~{n}', 'UTF8 est suivi d’un literal8, ~{n}'],
  [
    'a literal is longer than what follows it',
    'ein Literal ist länger als das, was ihm folgt',
    'un littéral est plus long que ce qui le suit',
  ],
  // --- at the wrong moment
  [
    '{*} needs {}, which is not on offer',
    '{*} braucht {}, das nicht angeboten wird',
    '{*} demande {}, qui n’est pas offert',
  ],
  [
    '{} is not possible in the {*} state',
    '{} ist im Zustand „{*}“ nicht möglich',
    '{} n’est pas possible dans l’état « {*} »',
  ],
  ['there is no command {}', 'es gibt keinen Befehl {}', 'il n’y a pas de commande {}'],
  ['sign in before {}', 'melden Sie sich vor {} an', 'connectez-vous avant {}'],
  ['select a mailbox before {}', 'wählen Sie vor {} einen Ordner aus', 'sélectionnez une boîte avant {}'],
  ['no mailbox is selected', 'kein Ordner ist ausgewählt', 'aucune boîte n’est sélectionnée'],
  [
    'ENABLE QRESYNC before QRESYNC is used',
    'vor QRESYNC muss ENABLE QRESYNC gegeben werden',
    'il faut ENABLE QRESYNC avant d’utiliser QRESYNC',
  ],
  [
    'ENABLE QRESYNC before VANISHED is used',
    'vor VANISHED muss ENABLE QRESYNC gegeben werden',
    'il faut ENABLE QRESYNC avant d’utiliser VANISHED',
  ],
  [
    'message numbers are not allowed once UIDONLY is enabled',
    'Nachrichtennummern sind nicht mehr erlaubt, sobald UIDONLY eingeschaltet ist',
    'les numéros de message ne sont plus permis une fois UIDONLY activé',
  ],
  [
    'message numbers are not allowed once UIDONLY is enabled: use UID',
    'Nachrichtennummern sind nicht mehr erlaubt, sobald UIDONLY eingeschaltet ist: nehmen Sie UID',
    'les numéros de message ne sont plus permis une fois UIDONLY activé : utilisez UID',
  ],
  [
    'strings are UTF-8 once UTF8=ACCEPT is enabled: leave CHARSET out',
    'Texte sind UTF-8, sobald UTF8=ACCEPT eingeschaltet ist: lassen Sie CHARSET weg',
    'les textes sont en UTF-8 une fois UTF8=ACCEPT activé : omettez CHARSET',
  ],
  [
    'strings are UTF-8 once UTF8=ACCEPT is enabled: name no other charset',
    'Texte sind UTF-8, sobald UTF8=ACCEPT eingeschaltet ist: nennen Sie keinen anderen Zeichensatz',
    'les textes sont en UTF-8 une fois UTF8=ACCEPT activé : n’indiquez pas d’autre jeu de caractères',
  ],
  [
    'the connection is under TLS already',
    'die Verbindung läuft schon über TLS',
    'la connexion est déjà sous TLS',
  ],
  [
    'STARTTLS is not on offer: there is no certificate',
    'STARTTLS wird nicht angeboten: es gibt kein Zertifikat',
    'STARTTLS n’est pas offert : il n’y a pas de certificat',
  ],
  [
    'the connection is compressed already',
    'die Verbindung ist schon komprimiert',
    'la connexion est déjà compressée',
  ],
  [
    'nothing may follow before the answer',
    'vor der Antwort darf nichts folgen',
    'rien ne peut suivre avant la réponse',
  ],
  ['IDLE ends with DONE', 'IDLE endet mit DONE', 'IDLE se termine par DONE'],
  // --- signing in
  ['AUTHENTICATE was cancelled', 'AUTHENTICATE wurde abgebrochen', 'AUTHENTICATE a été annulé'],
  [
    'the connection ended in the middle of AUTHENTICATE',
    'die Verbindung endete mitten in AUTHENTICATE',
    'la connexion s’est terminée au milieu d’AUTHENTICATE',
  ],
  ['the response is not base64', 'die Antwort ist kein Base64', 'la réponse n’est pas en base64'],
  ['the response is not UTF-8', 'die Antwort ist kein UTF-8', 'la réponse n’est pas en UTF-8'],
  ['the response is too long', 'die Antwort ist zu lang', 'la réponse est trop longue'],
  [
    'the response does not have three parts separated by NUL',
    'die Antwort hat keine drei Teile, die NUL trennt',
    'la réponse n’a pas trois parties séparées par NUL',
  ],
  ['the name of the user is empty', 'der Name des Benutzers ist leer', 'le nom de l’utilisateur est vide'],
  ['the password is empty', 'das Kennwort ist leer', 'le mot de passe est vide'],
  // --- parameters of commands
  [
    'DEFLATE is the only mechanism that is known',
    'DEFLATE ist das einzige Verfahren, das bekannt ist',
    'DEFLATE est le seul mécanisme connu',
  ],
  [
    'a language is named as in de or en-GB (RFC 4647)',
    'eine Sprache heißt etwa de oder en-GB (RFC 4647)',
    'une langue s’écrit comme de ou en-GB (RFC 4647)',
  ],
  [
    'ID takes a list of fields and values, or NIL',
    'zu ID gehört eine Liste von Feldern und Werten oder NIL',
    'ID est suivi d’une liste de champs et de valeurs, ou de NIL',
  ],
  ['ID takes at most {} fields', 'ID nimmt höchstens {} Felder', 'ID accepte au plus {} champs'],
  ['LIST takes at most {} patterns', 'LIST nimmt höchstens {} Muster', 'LIST accepte au plus {} motifs'],
  [
    'RECURSIVEMATCH needs SUBSCRIBED or SPECIAL-USE beside it (RFC 9051 section 6.3.9.1)',
    'RECURSIVEMATCH braucht SUBSCRIBED oder SPECIAL-USE neben sich (RFC 9051, Abschnitt 6.3.9.1)',
    'RECURSIVEMATCH demande SUBSCRIBED ou SPECIAL-USE à côté (RFC 9051, section 6.3.9.1)',
  ],
  [
    'unknown selection option of LIST: {} and {} are known',
    'unbekannte Auswahl von LIST: bekannt sind {} und {}',
    'option de sélection de LIST inconnue ; connues : {} et {}',
  ],
  [
    'unknown return option of LIST: {} and {} are known',
    'unbekannte Rückgabe von LIST: bekannt sind {} und {}',
    'option de retour de LIST inconnue ; connues : {} et {}',
  ],
  [
    'unknown return option: {} and {} are known',
    'unbekannte Rückgabe: bekannt sind {} und {}',
    'option de retour inconnue ; connues : {} et {}',
  ],
  ['unknown status item: {} are known', 'unbekannter Stand: bekannt sind {}', 'état inconnu ; connus : {}'],
  [
    'unknown parameter of CREATE: {} is known',
    'unbekannter Zusatz zu CREATE: bekannt ist {}',
    'paramètre de CREATE inconnu ; connu : {}',
  ],
  [
    'unknown parameter of SELECT: {} and {} are known',
    'unbekannter Zusatz zu SELECT: bekannt sind {} und {}',
    'paramètre de SELECT inconnu ; connus : {} et {}',
  ],
  [
    'unknown modifier of FETCH: {} and {} are known',
    'unbekannter Zusatz zu FETCH: bekannt sind {} und {}',
    'modificateur de FETCH inconnu ; connus : {} et {}',
  ],
  [
    'unknown modifier of STORE: {} is known',
    'unbekannter Zusatz zu STORE: bekannt ist {}',
    'modificateur de STORE inconnu ; connu : {}',
  ],
  [
    'unknown option of GETMETADATA: {} and {} are known',
    'unbekannter Zusatz zu GETMETADATA: bekannt sind {} und {}',
    'option de GETMETADATA inconnue ; connues : {} et {}',
  ],
  ['unknown data item {} in FETCH', 'unbekannte Angabe {} in FETCH', 'élément {} inconnu dans FETCH'],
  [
    'unknown section {}: {} and {} are known',
    'unbekannter Abschnitt {}: bekannt sind {} und {}',
    'section {} inconnue ; connues : {} et {}',
  ],
  ['unknown search key {}', 'unbekanntes Suchkriterium {}', 'critère de recherche {} inconnu'],
  ['unknown sort criterion', 'unbekanntes Sortierkriterium', 'critère de tri inconnu'],
  [
    'unknown threading algorithm',
    'unbekanntes Verfahren für Gespräche',
    'algorithme de fils de discussion inconnu',
  ],
];
