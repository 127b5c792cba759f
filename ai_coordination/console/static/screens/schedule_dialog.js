import { useRef, useState } from 'preact/hooks';
import { ask, newKey } from '../api.js';
import { Field } from '../components/basics.js';
import { Dialog } from '../components/dialog.js';
import { Problem } from '../components/loaded.js';
import { below } from '../components/schema_form.js';
import { TaskPicker } from '../components/task_picker.js';
import { CREATE_SCHEDULE, UPDATE_SCHEDULE } from '../documents/schedules.js';
import { html } from '../html.js';
import { useAction } from '../live.js';

/** Schedules to begin with: what they are called, and what they are. @type {[string, string][]} */
const EXAMPLES = [
  ['Every hour', 'rate(1 hour)'],
  ['Every day at 8:00', 'cron(0 8 * * ? *)'],
  ['Mondays at 8:00', 'cron(0 8 ? * MON *)'],
  ['The first of each month', 'cron(0 8 1 * ? *)'],
];

const ZONES = Intl.supportedValuesOf?.('timeZone') ?? [];

/**
 * A form for a schedule: for a new one, or for `row`.
 *
 * @param {{ row?: import('./schedules.js').Row, coordinationUuid: string, taskUuid: string,
 *   close: () => void, saved: () => void, refused?: () => void }} properties `refused` loads `row` again
 */
export function ScheduleDialog({ row, coordinationUuid, taskUuid, close, saved, refused }) {
  // What the person began with: an update by somebody else must not slip through.
  const version = useRef(row?.version);
  const [form, setForm] = useState({
    coordinationUuid,
    taskUuid,
    schedule: row?.schedule ?? '',
    timezone: row?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    isPaused: row?.status === 'PAUSED',
  });
  const key = useRef(newKey());
  const action = useAction();
  const change = (/** @type {Partial<typeof form>} */ members) => {
    // Another input is another schedule, so it has another key.
    key.current = newKey();
    setForm({ ...form, ...members });
  };
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const { schedule, timezone } = form;
    // A schedule that has fired once for all becomes active with another time.
    const status = form.isPaused ? /** @type {const} */ ('PAUSED') : /** @type {const} */ ('ACTIVE');
    const done = await action.run(async () => {
      if (row) {
        await ask(UPDATE_SCHEDULE, {
          input: {
            taskUuid,
            scheduleUuid: row.scheduleUuid,
            schedule,
            timezone,
            status,
            expectedVersion: version.current,
          },
        });
      } else {
        const place = { coordinationUuid: form.coordinationUuid, taskUuid: form.taskUuid };
        await ask(CREATE_SCHEDULE, { input: { ...place, schedule, timezone, status, idempotencyKey: key.current } });
      }
      return true;
    });
    if (done) saved();
    else refused?.();
  };
  const theirs = () => {
    if (!row) return;
    version.current = row.version;
    action.clear();
    setForm({ ...form, schedule: row.schedule, timezone: row.timezone, isPaused: row.status === 'PAUSED' });
  };
  const mine = () => {
    version.current = row?.version;
    action.clear();
  };
  const text = (/** @type {'schedule' | 'timezone'} */ name) => (/** @type {Event} */ event) =>
    change({ [name]: /** @type {HTMLInputElement} */ (event.target).value });
  const said = { schedule: below(action.error, ['schedule']), timezone: below(action.error, ['timezone']) };
  return html`<${Dialog} title=${row ? `Edit the schedule of ${row.task.taskName}` : 'New schedule'} close=${close}>
    <form class="narrow" onSubmit=${send}>
      ${!row && html`<${TaskPicker} coordination=${form.coordinationUuid} task=${form.taskUuid}
        onChange=${(/** @type {string} */ c, /** @type {string} */ t) => change({ coordinationUuid: c, taskUuid: t })} />`}
      <${Field} label="When" help="cron(minute hour day month weekday year), rate(5 minutes) or at(2030-12-31T23:59:00)" error=${said.schedule}>
        <input class="code" required spellcheck=${false} autocomplete="off" value=${form.schedule} onInput=${text('schedule')} />
      </>
      <div class="examples" role="group" aria-label="Examples">
        ${EXAMPLES.map(([label, schedule]) => html`<button type="button" class="small" title=${schedule}
          onClick=${() => change({ schedule })}>${label}</button>`)}
      </div>
      <${Field} label="Time zone" error=${said.timezone}>
        <input required list="time-zones" value=${form.timezone} onInput=${text('timezone')} />
      </>
      <datalist id="time-zones">${ZONES.map((zone) => html`<option value=${zone} />`)}</datalist>
      <label class="check"><input type="checkbox" checked=${form.isPaused}
        onChange=${() => change({ isPaused: !form.isPaused })} /><span>Paused: it starts nothing until it is resumed</span></label>
      ${!said.schedule && !said.timezone && html`<${Refusal} error=${action.error} row=${row} theirs=${theirs} mine=${mine} />`}
      <div class="buttons">
        <button class="main" disabled=${action.busy}>${row ? 'Save' : 'Create'}</button>
        <button type="button" onClick=${close}>Cancel</button>
      </div>
    </form>
  </>`;
}

/**
 * @param {{ error?: import('../api.js').Refused, row?: import('./schedules.js').Row, theirs: () => void,
 *   mine: () => void }} properties
 */
function Refusal({ error, row, theirs, mine }) {
  if (error?.code !== 'CONFLICT' || !row) return html`<${Problem} error=${error} />`;
  return html`<div class="problem" role="alert"><div>
    <strong>Somebody else has changed this schedule</strong>
    <p>It is now <code>${row.schedule}</code> in ${row.timezone}${row.updatedBy && html`, by <b>${row.updatedBy}</b>`}.</p>
    <div class="buttons">
      <button type="button" class="small" onClick=${theirs}>Take theirs</button>
      <button type="button" class="small" onClick=${mine}>Go on with mine</button>
    </div>
  </div></div>`;
}
