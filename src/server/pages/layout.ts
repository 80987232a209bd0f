import { h, type ComponentChildren, type VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import htm from 'htm';

export type Markup = VNode | VNode[];
/** What htm is; its types tell of another module system. */
interface Templates {
  bind(create: typeof h): (strings: TemplateStringsArray, ...values: unknown[]) => Markup;
}
/** Markup as a template; every value in it is escaped. */
export const html = (htm as unknown as Templates).bind(h);

export function page(title: string, content: ComponentChildren | Markup, script = false): string {
  const whole = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>${title} · Trunkline</title>
      <link rel="stylesheet" href="/assets/trunkline.css" />
      <link rel="icon" href="data:," />
      ${script ? html`<script src="/assets/follow.js" defer></script>` : null}
    </head>
    <body>
      <header>
        <strong>Trunkline</strong><a href="/">Timeline</a><a href="/summary">Summary</a><a href="/api/docs/">API</a>
      </header>
      <main>${content}</main>
    </body>
  </html>`;
  return `<!doctype html>${renderToString(whole as VNode)}\n`;
}

/** A table that scrolls by itself where the window is narrow. */
export function table(titles: readonly string[], rows: readonly Markup[]): Markup {
  return html`<div class="wide">
    <table>
      <thead>
        <tr>
          ${titles.map((title) => html`<th>${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

/** A moment as people read it, UTC. */
export function when(milliseconds: number | null): Markup | null {
  if (milliseconds === null) return null;
  // git lets a commit carry a time beyond all calendars.
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) return null;
  const iso = date.toISOString();
  return html`<time datetime=${iso}>${iso.replace('T', ' ').slice(0, 16)}</time>`;
}

export function stateOf({
  state,
  result,
  reason,
}: {
  state: string;
  result: string | null;
  reason: string | null;
}): Markup {
  const word = state === 'finished' ? (result ?? state) : state;
  return html`<span class=${word}>${word}${reason === null || state !== 'finished' ? '' : `: ${reason}`}</span>`;
}
