import { html, type Markup } from './layout.ts';

export interface Choice {
  project?: string | undefined;
  target?: string | undefined;
  state?: string | undefined;
}

/** The form above a table, with the targets that whoever asks may see. */
export function filterForm(
  action: string,
  targets: readonly string[],
  chosen: Choice,
  states: readonly string[],
): Markup {
  return html`<form action=${action} method="get">
    <label>Project<input name="project" value=${chosen.project ?? ''} /></label>
    <label>Target${select('target', targets, chosen.target)}</label>
    ${states.length === 0 ? null : html`<label>State${select('state', states, chosen.state)}</label>`}
    <button>Show</button>
  </form>`;
}

function select(name: string, values: readonly string[], chosen: string | undefined): Markup {
  return html`<select name=${name}>
    <option value="">all</option>
    ${values.map((value) => html`<option value=${value} selected=${value === chosen}>${value}</option>`)}
  </select>`;
}

/** The address of a page with these parameters. */
export function address(path: string, query: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]));
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}
