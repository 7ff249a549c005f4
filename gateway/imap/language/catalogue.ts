/**
 * What the server says, in the languages that it speaks (RFC 5255 §3): English as the code has it, German, French. `{}`
 * stands for what differs from time to time, in the same order in all three. Refusals are in `refusals.ts`. What is in
 * neither is said in English: faults in the grammar of a command, which people never see.
 *
 * A test finds each English text in the code, so that a text which is changed there is not forgotten here.
 */
import { type Entry, REFUSALS } from './refusals.ts';

const SAID: readonly Entry[] = [
  // --- done
  ['access control list set', 'Zugriffsliste gesetzt', 'liste de contrôle d’accès modifiée'],
  ['access control list told', 'Zugriffsliste genannt', 'liste de contrôle d’accès indiquée'],
  ['annotations set', 'Anmerkungen gesetzt', 'annotations modifiées'],
  ['annotations told', 'Anmerkungen genannt', 'annotations indiquées'],
  ['appended', 'angefügt', 'message ajouté'],
  ['capabilities listed', 'Fähigkeiten aufgezählt', 'capacités énumérées'],
  ['closed', 'geschlossen', 'boîte fermée'],
  ['compressed from here on', 'ab hier komprimiert', 'compressé à partir d’ici'],
  ['copied', 'kopiert', 'messages copiés'],
  ['done', 'erledigt', 'terminé'],
  ['enabled', 'eingeschaltet', 'activé'],
  ['examined', 'zum Lesen geöffnet', 'boîte ouverte en lecture'],
  ['expunged', 'endgültig entfernt', 'messages effacés'],
  ['fetched', 'geholt', 'messages fournis'],
  ['stored', 'gespeichert', 'marques enregistrées'],
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
  ['namespaces told', 'Namensräume genannt', 'espaces de noms indiqués'],
  ['no longer idle', 'wartet nicht mehr', 'n’attend plus'],
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
  ['sorted', 'sortiert', 'messages triés'],
  ['status told', 'Stand genannt', 'état indiqué'],
  ['subscribed', 'abonniert', 'abonné'],
  ['subscriptions listed', 'Abonnements aufgezählt', 'abonnements énumérés'],
  ['threaded', 'nach Gesprächen geordnet', 'fils de discussion établis'],
  ['unselected', 'kein Ordner mehr ausgewählt', 'boîte désélectionnée'],
  ['unsubscribed', 'nicht mehr abonniert', 'désabonné'],
  ['UIDs are valid', 'UIDs gelten', 'les UID sont valides'],
  ['next UID', 'nächste UID', 'prochain UID'],
  ['first unseen message', 'erste ungelesene Nachricht', 'premier message non lu'],
  ['highest mod-sequence', 'höchste Änderungsnummer', 'numéro de modification le plus élevé'],
  ['the mailbox before is closed', 'der vorige Ordner ist geschlossen', 'la boîte précédente est fermée'],
  ['the replacement is stored', 'der Ersatz ist gespeichert', 'le message de remplacement est enregistré'],
  // --- not understood
  ['there is no command {}', 'es gibt keinen Befehl {}', 'il n’y a pas de commande {}'],
  ['sign in before {}', 'melden Sie sich vor {} an', 'connectez-vous avant {}'],
  ['select a mailbox before {}', 'wählen Sie vor {} einen Ordner aus', 'sélectionnez une boîte avant {}'],
  [
    'the flag {} cannot be set',
    'die Markierung {} kann nicht gesetzt werden',
    'la marque {} ne peut pas être posée',
  ],
  // --- goodbye
  ['you were idle for too long', 'Sie waren zu lange untätig', 'vous êtes resté inactif trop longtemps'],
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

export const CATALOGUE: readonly Entry[] = [...SAID, ...REFUSALS];
