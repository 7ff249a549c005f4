/** Arguments that make no sense (BAD): in English as the code has it, in German and in French; see `catalogue.ts`. */
import type { Entry } from './refusals.ts';

export const BAD_ARGUMENTS: readonly Entry[] = [
  // --- messages
  [
    'there are {} messages: no message has the number {}',
    'es sind {} Nachrichten: keine hat die Nummer {}',
    'il y a {} messages : aucun n’a le numéro {}',
  ],
  [
    'a section of BINARY holds part numbers only',
    'ein Abschnitt von BINARY besteht nur aus Teilnummern',
    'une section de BINARY ne contient que des numéros de partie',
  ],
  [
    'part numbers more than {} deep',
    'Teilnummern, die mehr als {} Ebenen tief sind',
    'numéros de partie à plus de {} niveaux',
  ],
  [
    'MIME needs a part number before it (RFC 9051 section 6.4.5.1)',
    'MIME braucht eine Teilnummer davor (RFC 9051, Abschnitt 6.4.5.1)',
    'MIME demande un numéro de partie devant lui (RFC 9051, section 6.4.5.1)',
  ],
  [
    'a partial fetch must ask for at least one octet (RFC 9051 section 6.4.5)',
    'ein Teilabruf muss mindestens ein Byte verlangen (RFC 9051, Abschnitt 6.4.5)',
    'une lecture partielle doit demander au moins un octet (RFC 9051, section 6.4.5)',
  ],
  ['VANISHED belongs to UID FETCH', 'VANISHED gehört zu UID FETCH', 'VANISHED fait partie de UID FETCH'],
  [
    'VANISHED needs CHANGEDSINCE beside it (RFC 7162 section 3.2.6)',
    'VANISHED braucht CHANGEDSINCE neben sich (RFC 7162, Abschnitt 3.2.6)',
    'VANISHED demande CHANGEDSINCE à côté (RFC 7162, section 3.2.6)',
  ],
  [
    'PARTIAL is a modifier of UID FETCH (RFC 9394 section 3.3)',
    'PARTIAL ist ein Zusatz zu UID FETCH (RFC 9394, Abschnitt 3.3)',
    'PARTIAL est un modificateur de UID FETCH (RFC 9394, section 3.3)',
  ],
  [
    'STORE changes FLAGS, +FLAGS or -FLAGS, each with or without .SILENT',
    'STORE ändert FLAGS, +FLAGS oder -FLAGS, jeweils mit oder ohne .SILENT',
    'STORE change FLAGS, +FLAGS ou -FLAGS, avec ou sans .SILENT',
  ],
  [
    'the flag {} cannot be set',
    'die Markierung {} kann nicht gesetzt werden',
    'la marque {} ne peut pas être posée',
  ],
  [
    'known UIDs are numbers and ranges of numbers (RFC 7162 section 7)',
    'bekannte UIDs sind Zahlen und Bereiche von Zahlen (RFC 7162, Abschnitt 7)',
    'les UID connus sont des nombres et des plages de nombres (RFC 7162, section 7)',
  ],
  [
    'message numbers and their UIDs are numbers and ranges in ascending order',
    'Nachrichtennummern und ihre UIDs sind Zahlen und Bereiche in aufsteigender Folge',
    'les numéros de message et leurs UID sont des nombres et des plages en ordre croissant',
  ],
  [
    'there must be as many UIDs as message numbers',
    'es müssen so viele UIDs wie Nachrichtennummern sein',
    'il faut autant d’UID que de numéros de message',
  ],
  [
    'a range of batches is written from low to high',
    'ein Bereich von Portionen wird von unten nach oben geschrieben',
    'une plage de lots s’écrit du plus petit au plus grand',
  ],
  // --- searches
  [
    'RETURN takes one PARTIAL (RFC 5267 section 4.4)',
    'RETURN nimmt ein PARTIAL (RFC 5267, Abschnitt 4.4)',
    'RETURN accepte un seul PARTIAL (RFC 5267, section 4.4)',
  ],
  [
    'RETURN takes one PARTIAL, or ALL, but not both (RFC 5267 section 4.4)',
    'RETURN nimmt ein PARTIAL oder ALL, nicht beides (RFC 5267, Abschnitt 4.4)',
    'RETURN accepte un PARTIAL ou ALL, pas les deux (RFC 5267, section 4.4)',
  ],
  [
    'RELEVANCY is of searches with FUZZY',
    'RELEVANCY gibt es nur bei Suchen mit FUZZY',
    'RELEVANCY n’existe que pour les recherches avec FUZZY',
  ],
  [
    'SAVE is of searches of the selected mailbox alone (RFC 7377 section 2.2)',
    'SAVE gibt es nur bei Suchen allein im ausgewählten Ordner (RFC 7377, Abschnitt 2.2)',
    'SAVE n’existe que pour les recherches dans la seule boîte sélectionnée (RFC 7377, section 2.2)',
  ],
  [
    '"$" is of the selected mailbox alone',
    '„$“ gilt nur für den ausgewählten Ordner',
    '« $ » ne vaut que pour la boîte sélectionnée',
  ],
  [
    'the tag is that of a search that is kept up to date',
    'das Tag ist das einer Suche, die aktuell gehalten wird',
    'le tag est celui d’une recherche tenue à jour',
  ],
  [
    'no search of that tag is kept up to date',
    'keine Suche mit diesem Tag wird aktuell gehalten',
    'aucune recherche de ce tag n’est tenue à jour',
  ],
  [
    'a search that names a filter is in UTF-8',
    'eine Suche, die einen Filter nennt, ist in UTF-8',
    'une recherche qui nomme un filtre est en UTF-8',
  ],
  [
    'an entry of MODSEQ is named /flags/ and a flag',
    'ein Eintrag von MODSEQ heißt /flags/ und eine Markierung',
    'une entrée de MODSEQ se nomme /flags/ suivi d’une marque',
  ],
  [
    'the type of a MODSEQ entry is priv, shared or all',
    'die Art eines Eintrags von MODSEQ ist priv, shared oder all',
    'le type d’une entrée de MODSEQ est priv, shared ou all',
  ],
  [
    'an object identifier has 1 to 255 letters, digits, "_" or "-"',
    'eine Objektkennung hat 1 bis 255 Buchstaben, Ziffern, „_“ oder „-“',
    'un identifiant d’objet a de 1 à 255 lettres, chiffres, « _ » ou « - »',
  ],
  // --- NOTIFY and ESEARCH
  [
    '"selected-delayed" is of NOTIFY alone',
    '„selected-delayed“ gibt es nur bei NOTIFY',
    '« selected-delayed » n’existe que pour NOTIFY',
  ],
  ['mailboxes are {} or {}', 'Ordner sind {} oder {}', 'les boîtes sont {} ou {}'],
  [
    'SELECTED and SELECTED-DELAYED can be given once (RFC 5465 section 6.1)',
    'SELECTED und SELECTED-DELAYED können einmal angegeben werden (RFC 5465, Abschnitt 6.1)',
    'SELECTED et SELECTED-DELAYED peuvent être donnés une fois (RFC 5465, section 6.1)',
  ],
  [
    'data items of new messages belong to SELECTED (RFC 5465 section 8)',
    'Angaben zu neuen Nachrichten gehören zu SELECTED (RFC 5465, Abschnitt 8)',
    'les éléments des nouveaux messages vont avec SELECTED (RFC 5465, section 8)',
  ],
  [
    'events of messages need MessageNew and MessageExpunge, both',
    'Ereignisse von Nachrichten brauchen MessageNew und MessageExpunge, beide',
    'les événements de messages demandent MessageNew et MessageExpunge, les deux',
  ],
  [
    'the selected mailbox has events of messages only',
    'der ausgewählte Ordner hat nur Ereignisse von Nachrichten',
    'la boîte sélectionnée n’a que des événements de messages',
  ],
  // --- rights and annotations
  [
    'an identifier is the address of a user or a group, or anyone; with "-" before it to take rights away',
    'eine Kennung ist die Adresse eines Benutzers oder einer Gruppe oder anyone; mit „-“ davor nimmt sie Rechte',
    'un identifiant est l’adresse d’un utilisateur ou d’un groupe, ou anyone ; avec « - » devant, il retire des droits',
  ],
  ['rights are in lower case', 'Rechte sind Kleinbuchstaben', 'les droits sont en minuscules'],
  ['there is no right "{}"', 'es gibt kein Recht „{}“', 'il n’y a pas de droit « {} »'],
  ['DEPTH is 0, 1 or infinity', 'DEPTH ist 0, 1 oder infinity', 'DEPTH est 0, 1 ou infinity'],
  [
    'a command can name at most {} entries',
    'ein Befehl kann höchstens {} Einträge nennen',
    'une commande peut nommer au plus {} entrées',
  ],
  [
    'an entry name is of printable ASCII characters only',
    'der Name eines Eintrags besteht nur aus druckbaren ASCII-Zeichen',
    'un nom d’entrée ne contient que des caractères ASCII imprimables',
  ],
  [
    'an entry name cannot hold "*" or "%"',
    'der Name eines Eintrags kann kein „*“ und kein „%“ enthalten',
    'un nom d’entrée ne peut contenir ni « * » ni « % »',
  ],
  [
    'an entry name has at most {} octets',
    'der Name eines Eintrags hat höchstens {} Bytes',
    'un nom d’entrée a au plus {} octets',
  ],
  [
    'an entry name begins with "/"',
    'der Name eines Eintrags beginnt mit „/“',
    'un nom d’entrée commence par « / »',
  ],
  [
    'an entry name begins with /private or /shared',
    'der Name eines Eintrags beginnt mit /private oder /shared',
    'un nom d’entrée commence par /private ou /shared',
  ],
  [
    'an entry name has two components at least',
    'der Name eines Eintrags hat mindestens zwei Teile',
    'un nom d’entrée a au moins deux composants',
  ],
  [
    'an entry name of a vendor has four components at least',
    'der Name eines Eintrags unter vendor hat mindestens vier Teile',
    'un nom d’entrée sous vendor a au moins quatre composants',
  ],
  [
    'no component of an entry name can be empty',
    'kein Teil des Namens eines Eintrags kann leer sein',
    'aucun composant d’un nom d’entrée ne peut être vide',
  ],
];
