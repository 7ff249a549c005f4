/**
 * What the server says, in the languages that it speaks (RFC 5255 §3): English as the code has it, German, French. `{}`
 * stands for what differs from time to time, `{*}` for what has words of its own here; both in the same order in all three.
 * What is refused is in the files beside this one.
 *
 * A test finds each English text in the code, and each text that the code says here.
 */
import { BAD_ARGUMENTS } from './bad-arguments.ts';
import { BAD_COMMANDS } from './bad-commands.ts';
import { FAILURES } from './failures.ts';
import { PHRASES } from './phrases.ts';
import { type Entry, REFUSALS } from './refusals.ts';

const SAID: readonly Entry[] = [
  // --- done
  ['access control list set', 'Zugriffsliste gesetzt', 'liste de contrôle d’accès modifiée'],
  ['access control list told', 'Zugriffsliste genannt', 'liste de contrôle d’accès indiquée'],
  ['annotations set', 'Anmerkungen gesetzt', 'annotations modifiées'],
  ['annotations told', 'Anmerkungen genannt', 'annotations indiquées'],
  [
    'annotations told, but for those that are too long',
    'Anmerkungen genannt, außer denen, die zu lang sind',
    'annotations indiquées, sauf celles qui sont trop longues',
  ],
  ['appended', 'angefügt', 'message ajouté'],
  ['batches told', 'Portionen genannt', 'lots indiqués'],
  ['begin TLS now', 'beginnen Sie jetzt TLS', 'commencez TLS maintenant'],
  ['capabilities listed', 'Fähigkeiten aufgezählt', 'capacités énumérées'],
  ['closed', 'geschlossen', 'boîte fermée'],
  ['compressed from here on', 'ab hier komprimiert', 'compressé à partir d’ici'],
  ['copied', 'kopiert', 'messages copiés'],
  [
    '{*}: there was no such message',
    '{*}: es gab keine solche Nachricht',
    '{*} : il n’y avait pas de tel message',
  ],
  ['done', 'erledigt', 'terminé'],
  ['enabled', 'eingeschaltet', 'activé'],
  ['examined', 'zum Lesen geöffnet', 'boîte ouverte en lecture'],
  ['expunged', 'endgültig entfernt', 'messages effacés'],
  ['fetched', 'geholt', 'messages fournis'],
  ['stored', 'gespeichert', 'marques enregistrées'],
  [
    'stored, but for messages that have changed since',
    'gespeichert, außer bei Nachrichten, die sich seither geändert haben',
    'marques enregistrées, sauf pour les messages qui ont changé depuis',
  ],
  ['go ahead', 'weiter', 'continuez'],
  ['goodbye', 'auf Wiedersehen', 'au revoir'],
  ['idling', 'wartet', 'en attente'],
  ['language changed', 'Sprache gewechselt', 'langue changée'],
  ['languages listed', 'Sprachen aufgezählt', 'langues énumérées'],
  ['logged out', 'abgemeldet', 'déconnecté'],
  ['mailbox created', 'Ordner angelegt', 'boîte créée'],
  ['mailbox deleted', 'Ordner gelöscht', 'boîte supprimée'],
  [
    'mailbox deleted; no mailbox is selected any more',
    'Ordner gelöscht; kein Ordner ist mehr ausgewählt',
    'boîte supprimée ; aucune boîte n’est plus sélectionnée',
  ],
  ['mailbox renamed', 'Ordner umbenannt', 'boîte renommée'],
  ['mailboxes listed', 'Ordner aufgezählt', 'boîtes énumérées'],
  ['moved', 'verschoben', 'messages déplacés'],
  ['moved so far', 'so weit verschoben', 'messages déplacés jusqu’ici'],
  ['namespaces told', 'Namensräume genannt', 'espaces de noms indiqués'],
  ['no longer idle', 'wartet nicht mehr', 'n’attend plus'],
  ['no further updates', 'keine weiteren Neuigkeiten', 'plus de nouvelles'],
  ['pleased to meet you', 'sehr erfreut', 'enchanté'],
  ['quota roots told', 'Kontingente genannt', 'racines de quota indiquées'],
  ['quota set', 'Kontingent gesetzt', 'quota modifié'],
  ['quota told', 'Kontingent genannt', 'quota indiqué'],
  ['replaced', 'ersetzt', 'message remplacé'],
  ['rights listed', 'Rechte aufgezählt', 'droits énumérés'],
  ['rights told', 'Rechte genannt', 'droits indiqués'],
  ['searched', 'gesucht', 'recherche terminée'],
  ['selected', 'ausgewählt', 'boîte sélectionnée'],
  ['signed in', 'angemeldet', 'connecté'],
  ['signed out', 'abgemeldet', 'déconnecté'],
  ['sorted', 'sortiert', 'messages triés'],
  ['status told', 'Stand genannt', 'état indiqué'],
  ['subscribed', 'abonniert', 'abonné'],
  ['subscriptions listed', 'Abonnements aufgezählt', 'abonnements énumérés'],
  ['threaded', 'nach Gesprächen geordnet', 'fils de discussion établis'],
  ['unselected', 'kein Ordner mehr ausgewählt', 'boîte désélectionnée'],
  ['unsubscribed', 'nicht mehr abonniert', 'désabonné'],
  ['watching', 'beobachtet', 'en observation'],
  ['UIDs are valid', 'UIDs gelten', 'les UID sont valides'],
  ['next UID', 'nächste UID', 'prochain UID'],
  ['first unseen message', 'erste ungelesene Nachricht', 'premier message non lu'],
  ['highest mod-sequence', 'höchste Änderungsnummer', 'numéro de modification le plus élevé'],
  ['the mailbox before is closed', 'der vorige Ordner ist geschlossen', 'la boîte précédente est fermée'],
  ['the replacement is stored', 'der Ersatz ist gespeichert', 'le message de remplacement est enregistré'],
  // --- told besides
  ['its identifier', 'seine Kennung', 'son identifiant'],
  ['flags are kept', 'Markierungen bleiben', 'les marques sont conservées'],
  ['read-only', 'nur zum Lesen', 'en lecture seule'],
  ['all is told up to here', 'bis hierher ist alles gesagt', 'tout est dit jusqu’ici'],
  ['still at it', 'noch dabei', 'toujours en cours'],
  ['only the last of the messages', 'nur die letzten der Nachrichten', 'seulement les derniers des messages'],
  [
    'no more searches can be kept up to date',
    'mehr Suchen können nicht aktuell gehalten werden',
    'plus de recherches ne peuvent pas être tenues à jour',
  ],
  [
    'the search is not kept up to date any longer',
    'die Suche wird nicht mehr aktuell gehalten',
    'la recherche n’est plus tenue à jour',
  ],
  ['nothing is told any more', 'es wird nichts mehr gemeldet', 'plus rien n’est signalé'],
  [
    'the account holds more than it may; mail to it is not delivered',
    'das Konto enthält mehr, als es darf; Nachrichten an es werden nicht zugestellt',
    'le compte contient plus qu’il ne peut ; les messages qui lui sont adressés ne sont pas distribués',
  ],
  // --- goodbye
  ['you were idle for too long', 'Sie waren zu lange untätig', 'vous êtes resté inactif trop longtemps'],
  [
    'the command took too long to arrive',
    'der Befehl brauchte zu lange, um anzukommen',
    'la commande a mis trop de temps à arriver',
  ],
  [
    'the message took too long to arrive',
    'die Nachricht brauchte zu lange, um anzukommen',
    'le message a mis trop de temps à arriver',
  ],
  [
    'you did not sign in in time',
    'Sie haben sich nicht rechtzeitig angemeldet',
    'vous ne vous êtes pas connecté à temps',
  ],
  [
    'the selected mailbox is gone, or it is not shared with you any more',
    'den ausgewählten Ordner gibt es nicht mehr, oder er wird nicht mehr mit Ihnen geteilt',
    'la boîte sélectionnée n’existe plus, ou elle n’est plus partagée avec vous',
  ],
  [
    'the mailbox cannot be watched any longer, please connect again',
    'der Ordner kann nicht länger beobachtet werden, bitte verbinden Sie sich neu',
    'la boîte ne peut plus être suivie, veuillez vous reconnecter',
  ],
  [
    'it cannot be told where compression ends',
    'es ist nicht zu erkennen, wo die Kompression endet',
    'on ne peut pas savoir où finit la compression',
  ],
  [
    'more than {} bytes of a refused command',
    'mehr als {} Bytes eines abgelehnten Befehls',
    'plus de {} octets d’une commande refusée',
  ],
  [
    'internal error, please connect again',
    'interner Fehler, bitte verbinden Sie sich neu',
    'erreur interne, veuillez vous reconnecter',
  ],
  [
    'the selected mailbox was deleted',
    'der ausgewählte Ordner wurde gelöscht',
    'la boîte sélectionnée a été supprimée',
  ],
  [
    'the server is going down, please connect again',
    'der Server wird beendet, bitte verbinden Sie sich neu',
    'le serveur s’arrête, veuillez vous reconnecter',
  ],
  ['too many failed sign-ins', 'zu viele fehlgeschlagene Anmeldungen', 'trop de connexions refusées'],
];

/** The first that fits is taken: what is more particular stands before what is less so. */
export const CATALOGUE: readonly Entry[] = [
  ...SAID,
  ...FAILURES,
  ...REFUSALS,
  ...BAD_COMMANDS,
  ...BAD_ARGUMENTS,
  ...PHRASES,
];
