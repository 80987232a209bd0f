/** Plain, and readable in light and dark. */
export const STYLES = `:root{color-scheme:light dark;--line:#8884;--dim:#667;--good:#146c2e;--bad:#b3261e;--run:#1a5fb4;--link:#1a5fb4}
@media(prefers-color-scheme:dark){:root{--dim:#99a;--good:#6dd58c;--bad:#ff8a80;--run:#99c1f1;--link:#99c1f1}}
*{box-sizing:border-box}
body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;padding:0 1rem 2rem;max-width:90rem}
header{display:flex;gap:1.2rem;align-items:baseline;border-bottom:1px solid var(--line);padding:.7rem 0;margin-bottom:.8rem}
header strong{font-size:1.15rem}
a{color:var(--link)}
h1{font-size:1.3rem;margin:.6rem 0}h2{font-size:1.05rem;margin:1.4rem 0 .4rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.3rem .7rem .3rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600;white-space:nowrap}
td.time,td.number,td.name{white-space:nowrap}td.time,td.number{font-variant-numeric:tabular-nums}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}
.subject{overflow-wrap:anywhere}
.success{color:var(--good)}.failure{color:var(--bad)}.running,.pending{color:var(--run)}.skipped,.cancelled,.dim{color:var(--dim)}
form{display:flex;flex-wrap:wrap;gap:.6rem;align-items:end;margin:.6rem 0 1rem}
label{display:flex;flex-direction:column;font-size:.85rem;color:var(--dim)}
input,select,button{font:inherit;padding:.25rem .45rem;height:2.2rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.4rem 0}
dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
pre{border:1px solid var(--line);padding:.7rem;overflow:auto;max-height:70vh;white-space:pre-wrap;overflow-wrap:anywhere}
nav.pages{margin:1rem 0;display:flex;gap:1rem}
`;

/** Goes on with a log that is being written; without it the page shows what there was. */
export const FOLLOW_SCRIPT = `const log = document.querySelector('[data-follow]');
if (log) {
  const source = new EventSource(log.dataset.follow);
  let fresh = true;
  source.addEventListener('log', (event) => {
    const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 20;
    if (fresh) log.textContent = '';
    fresh = false;
    log.append(JSON.parse(event.data));
    if (atEnd) log.scrollTop = log.scrollHeight;
  });
  source.addEventListener('end', () => {
    source.close();
    location.reload();
  });
}
`;
