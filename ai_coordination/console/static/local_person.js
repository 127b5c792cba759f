/**
 * Who uses a tab of the console on the development server, which believes it.
 *
 * @typedef {{ user: string, groups: string }} Person Groups are separated by commas. Without a user it is nobody.
 */

const PERSON = 'ai-coordination.person';

/** The person of this tab. Null: whom the server was started for. @returns {Person | null} */
export const personNow = () => JSON.parse(sessionStorage.getItem(PERSON) ?? 'null');

/** @param {Person} person */
export const choosePerson = (person) => sessionStorage.setItem(PERSON, JSON.stringify(person));

/** What tells the development server. @returns {Record<string, string>} */
export function personHeaders() {
  const person = personNow();
  if (!person) return {};
  const groups = person.groups.split(',').map((name) => encodeURIComponent(name.trim()));
  return { 'x-local-user': encodeURIComponent(person.user), 'x-local-groups': groups.join(',') };
}
