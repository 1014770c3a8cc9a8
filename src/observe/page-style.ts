/** Styles of the status page: small and large screens, light and dark. */

export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f5f6f8; --card: #ffffff; --ink: #1b2430; --soft: #586374; --line: #dfe3ea;
  --good: #14713f; --busy: #1557b0; --bad: #b3261e; --idle: #586374; --bar: #2f6fd0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10141a; --card: #1a2029; --ink: #e6eaf0; --soft: #9aa6b6; --line: #2c3541;
    --good: #5fd394; --busy: #82b4ff; --bad: #ff8a80; --idle: #9aa6b6; --bar: #82b4ff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1rem; max-width: 76rem; background: var(--ground); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem .75rem; margin-bottom: 1rem; }
h1 { font-size: 1.25rem; margin: 0; }
h2 { font-size: 1.05rem; margin: 0; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.spread { margin-left: auto; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .9rem 1rem; margin-bottom: 1rem; }
.head { display: flex; flex-wrap: wrap; align-items: center; gap: .35rem .9rem; margin-bottom: .5rem; }
.badge { font-weight: 600; white-space: nowrap; }
.badge::before { content: "●"; margin-right: .3em; }
.good { color: var(--good); } .busy { color: var(--busy); } .bad { color: var(--bad); } .idle { color: var(--idle); }
.error { color: var(--bad); overflow-wrap: anywhere; margin: .15rem 0; }
svg { display: block; color: var(--bar); }
.meter { display: inline-flex; align-items: center; gap: .4rem; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: .85rem; }
th, td { padding: .3rem .5rem .3rem 0; border-top: 1px solid var(--line); vertical-align: middle; }
.number { text-align: right; }
@media (max-width: 46rem) {
  thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  tr { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: .1rem 1rem; border-top: 1px solid var(--line); padding: .5rem 0; }
  td { display: flex; justify-content: space-between; gap: .5rem; border: 0; padding: 0; text-align: right; }
  td[data-label]::before { content: attr(data-label); color: var(--soft); }
  tr:not(.reason) td:first-child { font-weight: 600; }
  tr.reason { display: block; border: 0; padding-top: 0; }
  tr.reason td { display: block; text-align: left; }
}
`;
