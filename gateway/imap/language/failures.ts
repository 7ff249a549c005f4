/**
 * Refusals (NO) of the server as such, and of what a search names: in English as the code has it, in German and in French;
 * see `catalogue.ts`.
 */
import type { Entry } from './refusals.ts';

export const FAILURES: readonly Entry[] = [
  [
    '{*}; the administrator finds it by {}',
    '{*}; die Verwaltung findet es unter {}',
    '{*} ; l’administrateur le trouve sous {}',
  ],
  [
    'this server is being upgraded, please try again later',
    'dieser Server wird gerade erneuert, bitte versuchen Sie es später noch einmal',
    'ce serveur est en cours de mise à niveau, veuillez réessayer plus tard',
  ],
  [
    'the store does not answer at this moment',
    'der Speicher antwortet gerade nicht',
    'le stockage ne répond pas en ce moment',
  ],
  ['the server failed to do this', 'der Server konnte das nicht tun', 'le serveur n’a pas pu le faire'],
  ['a message cannot be read', 'eine Nachricht kann nicht gelesen werden', 'un message ne peut pas être lu'],
  [
    'too many logins are waiting to be checked; try again in a while',
    'zu viele Anmeldungen warten auf ihre Prüfung; versuchen Sie es in einer Weile noch einmal',
    'trop de connexions attendent d’être vérifiées ; réessayez dans un moment',
  ],
  ['the account is closed', 'das Konto ist geschlossen', 'le compte est fermé'],
  [
    'the key of this account was deleted: its mail cannot be read any more',
    'der Schlüssel dieses Kontos wurde gelöscht: seine Nachrichten können nicht mehr gelesen werden',
    'la clé de ce compte a été supprimée : ses messages ne peuvent plus être lus',
  ],
  [
    'acting as another user is not possible',
    'für einen anderen Benutzer zu handeln ist nicht möglich',
    'agir pour un autre utilisateur n’est pas possible',
  ],
  [
    'this server compresses too many connections already',
    'dieser Server komprimiert schon zu viele Verbindungen',
    'ce serveur compresse déjà trop de connexions',
  ],
  [
    'the messages could not all be carried into the other account',
    'nicht alle Nachrichten konnten in das andere Konto gebracht werden',
    'tous les messages n’ont pas pu passer dans l’autre compte',
  ],
  [
    'the charset of the search is not known',
    'der Zeichensatz der Suche ist nicht bekannt',
    'le jeu de caractères de la recherche est inconnu',
  ],
  [
    'a search has at most {} keys',
    'eine Suche hat höchstens {} Kriterien',
    'une recherche a au plus {} critères',
  ],
  [
    'there is no filter of that name',
    'es gibt keinen Filter mit diesem Namen',
    'aucun filtre ne porte ce nom',
  ],
  [
    'the filter {} is no search: {*}',
    'der Filter {} ist keine Suche: {*}',
    'le filtre {} n’est pas une recherche : {*}',
  ],
];
