/** Styles of the status page: small and large screens, light and dark. */

export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f5f6f8; --card: #ffffff; --ink: #1b2430; --soft: #586374; --line: #dfe3ea;
  --good: #14713f; --busy: #1557b0; --bad: #b3261e; --held: #8a5a00; --idle: #586374;
  --bar: #2f6fd0; --peak: #12408a; --mark: #1b243022;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10141a; --card: #1a2029; --ink: #e6eaf0; --soft: #9aa6b6; --line: #2c3541;
    --good: #5fd394; --busy: #82b4ff; --bad: #ff8a80; --held: #f2b84b; --idle: #9aa6b6;
    --bar: #6ea3f5; --peak: #c4dbff; --mark: #e6eaf033;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body {
  margin: 0 auto; padding: 1rem; max-width: 84rem; background: var(--ground); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem .75rem; margin-bottom: 1rem; }
header .badge { white-space: normal; overflow-wrap: anywhere; min-width: 0; }
h1 { font-size: 1.25rem; margin: 0; }
h2 { font-size: 1.05rem; margin: 0; overflow-wrap: anywhere; min-width: 0; }
p { margin: 0; }
code { font-size: .92em; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.spread { margin-left: auto; }
#tools { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .9rem; margin-bottom: .8rem; }
#totals { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem .6rem; }
#search {
  flex: 0 1 22rem; min-width: 12rem; padding: .4rem .6rem; font: inherit; color: inherit;
  background: var(--card); border: 1px solid var(--line); border-radius: .4rem;
}
.chip { font: inherit; padding: .15rem .6rem; background: var(--card); border: 1px solid var(--line); border-radius: 1rem; cursor: pointer; }
.card { contain: content; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; margin-bottom: .5rem; }
.card[open] { margin-bottom: 1rem; }
summary { padding: .55rem 1rem; cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
.head { display: flex; flex-wrap: wrap; align-items: center; gap: .2rem .9rem; }
.head::before { content: "▸"; color: var(--soft); margin-right: -.4rem; }
.card[open] .head::before { content: "▾"; }
.head .sparkline { margin-left: auto; }
summary .reason { display: block; margin-left: 1.1rem; font-size: .92rem; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
.card[open] summary .reason, .card[open] .sparkline { display: none; }
.body { padding: 0 1rem .6rem; }
.badge { font-weight: 600; white-space: nowrap; }
.badge::before { content: "●"; margin-right: .3em; }
.good { color: var(--good); } .busy { color: var(--busy); } .bad { color: var(--bad); } .held { color: var(--held); } .idle { color: var(--idle); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: .6rem 2rem; margin: .2rem 0 .8rem; }
figure { margin: 0; min-width: 0; }
figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; font-size: .88rem; margin-bottom: .3rem; }
.chart { display: grid; grid-template-columns: 3.1rem minmax(0, 1fr); gap: .1rem .4rem; font-size: .75rem; line-height: 1; color: var(--soft); font-variant-numeric: tabular-nums; }
.chart .y { display: flex; flex-direction: column; justify-content: space-between; text-align: right; }
.chart .y span:first-child { margin-top: -.2rem; }
.chart .y span:last-child { margin-bottom: -.2rem; }
.chart .x { grid-column: 2; display: flex; justify-content: space-between; padding-top: .15rem; }
.plot { display: block; width: 100%; overflow: visible; cursor: crosshair; }
.large .plot { height: 6rem; }
.small .plot { height: 1.7rem; }
.sparkline .plot { width: 9rem; height: 1.3rem; }
.sparkline .line { display: none; }
.line { stroke: var(--line); stroke-width: 1; fill: none; }
.bar { fill: var(--bar); pointer-events: none; }
.bar.peak { fill: var(--peak); }
.mark { fill: var(--mark); pointer-events: none; }
.plot { pointer-events: bounding-box; }
#tip {
  position: fixed; z-index: 1; pointer-events: none; padding: .2rem .5rem; border-radius: .3rem; font-size: .85rem;
  background: var(--ink); color: var(--card); max-width: min(20rem, 100vw);
}
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: .85rem; white-space: nowrap; }
th, td { padding: .35rem .9rem .35rem 0; border-top: 1px solid var(--line); vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
td.wide { width: 20rem; }
td:first-child { overflow-wrap: anywhere; min-width: 11rem; }
time { white-space: nowrap; }
.number { text-align: right; }
.below, .peak-text { display: block; font-size: .8rem; white-space: nowrap; }
tr.reason td { border-top: 0; padding: 0 0 .5rem; }
.note { border-left: 3px solid var(--line); padding: .1rem 0 .1rem .7rem; margin: .15rem 0 .4rem; font-size: .92rem; overflow-wrap: anywhere; }
.bad-note { border-color: var(--bad); }
.note .message { display: block; max-height: 8.8em; overflow-y: auto; white-space: pre-wrap; }
.note li .message { display: inline; }
.note ul { margin: 0; padding-left: 1.1rem; }
.note code { font-weight: 600; }
@media (max-width: 60rem) {
  thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  table, tbody { display: block; }
  tr { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: .15rem 1.2rem; border-top: 1px solid var(--line); padding: .5rem 0; }
  td { grid-column: span 2; display: flex; justify-content: space-between; gap: .5rem; border: 0; padding: 0; min-width: 0; }
  td .value { text-align: right; min-width: 0; }
  td[data-label]::before { content: attr(data-label); color: var(--soft); white-space: nowrap; }
  td:first-child::before, td:nth-child(2)::before, td.wide::before { content: none; }
  td:first-child { grid-column: span 4; min-width: 0; font-weight: 600; }
  td:nth-child(2) { grid-column: span 2; justify-content: end; }
  td:nth-child(8) .value { display: flex; flex-wrap: wrap; justify-content: end; align-items: baseline; gap: 0 .5rem; }
  td.wide { grid-column: 1 / -1; display: block; width: auto; margin-top: .2rem; }
  td.wide .value { text-align: left; }
  tr.reason { display: block; border: 0; padding: 0; }
  tr.reason td { display: block; text-align: left; font-weight: 400; }
}
@media (max-width: 32rem) {
  body { padding: .6rem; }
  summary { padding: .5rem .7rem; }
  .body { padding: 0 .7rem .5rem; }
  .head .sparkline { margin-left: 0; width: 100%; }
  .sparkline .plot { width: 100%; }
  #search { flex: 1 1 100%; }
  td { grid-column: span 3; }
  td:nth-child(8) { grid-column: 1 / -1; }
}
`;
