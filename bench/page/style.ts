// How the page of results looks: on a phone and on a desk, by day and by night.

/** The page's own style sheet; colours are named once, for light and for dark. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #faf9f6; --card: #ffffff; --ink: #1c2330; --soft: #596271; --line: #e5e2db;
  --ours: #0b7a75; --limit: #858c98; --limit-ground: #eceef1; --peer: #6b7686; --peer-fill: #dfe4ea;
  --b: #b8730c; --c: #4a63b8; --d: #a1476b; --e: #5d7418; --f: #59616e;
  --good: #17774a; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #11151b; --card: #181e26; --ink: #e7eaef; --soft: #9ba5b3; --line: #2a323d;
    --ours: #4fc4b9; --limit: #8893a2; --limit-ground: #262e38; --peer: #93a0b2; --peer-fill: #333d4a;
    --b: #e3a94f; --c: #93a8f0; --d: #de8db1; --e: #b1cc66; --f: #a4adba;
    --good: #62cc92; --bad: #ff8a80;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, -apple-system,
  "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; font-variant-numeric: tabular-nums;
}
main, .foot { max-width: 1080px; margin: 0 auto; padding: 0 20px; }
h1, h2, h3, p, dl, dd, figure, ul { margin: 0; padding: 0; }
ul { list-style: none; }
a { color: inherit; text-underline-offset: 3px; }
.kicker { padding-top: 44px; color: var(--soft); font-size: .875rem; }
h1 { font-size: clamp(2rem, 6vw, 3.1rem); line-height: 1.1; letter-spacing: -.02em; margin: 6px 0 10px;
  text-wrap: balance; }
.lead { font-size: clamp(1rem, 2.2vw, 1.15rem); color: var(--soft); max-width: 50em; }
.warning { color: var(--bad); margin-top: 8px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  padding: 24px; margin-top: 20px; min-width: 0; }
section > h2 { font-size: 1.3rem; letter-spacing: -.01em; line-height: 1.25; }
h2 code { font-size: .8em; font-weight: 400; color: var(--soft); margin-left: 8px; }
h3 { font-size: 1rem; font-weight: 620; }
.soft, .prose, .caption, .note, summary { color: var(--soft); }
.prose { max-width: 64em; margin-top: 16px; } .prose p + p, .prose p + ul { margin-top: 8px; }
.prose ul { list-style: disc; padding-left: 1.2em; } .prose strong { color: var(--ink); }
.good { color: var(--good); } .bad { color: var(--bad); } .good, .bad { font-weight: 620; white-space: nowrap; }
.bars { margin-top: 18px; display: grid; gap: 14px; }
.bars li { display: grid; grid-template-columns: minmax(0, 1fr) auto; column-gap: 16px; align-items: baseline; }
.bars svg, .bars .note { grid-column: 1 / -1; } .bars .note { font-size: .85rem; }
.bars .ours .who b { color: var(--ours); }
.who b { font-weight: 620; } .rate { text-align: right; } .rate b { font-weight: 640; white-space: nowrap; }
.rate .soft { font-size: .9rem; margin-left: 10px; }
.role { color: var(--soft); font-size: .78rem; border: 1px solid var(--line); border-radius: 99px;
  padding: 1px 8px; margin-left: 4px; white-space: nowrap; }
.patterns { position: absolute; } .hatch-ground { fill: var(--limit-ground); } .hatch-line { fill: var(--limit); }
svg { display: block; overflow: visible; }
.bar.ours { fill: var(--ours); }
.bar.limit { fill: url(#hatch); stroke: var(--limit); }
.bar.peer { fill: var(--peer-fill); stroke: var(--peer); }
.whisker line { stroke: var(--ink); stroke-width: 1.6; }
.curve { margin-top: 28px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; font-size: .92rem; margin: 6px 0 8px; }
.legend li { display: flex; align-items: center; gap: 7px; }
.caption { font-size: .875rem; margin-top: 6px; } .caption.x { text-align: center; margin-top: 0; }
.axis text { fill: var(--soft); font-size: 12px; } .axis line { stroke: var(--line); }
.axis .tick { stroke: var(--limit); }
.series { color: var(--ours); }
.series.b { color: var(--b); } .series.c { color: var(--c); } .series.d { color: var(--d); }
.series.e { color: var(--e); } .series.f { color: var(--f); }
.line { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round;
  vector-effect: non-scaling-stroke; }
.series.a .line { stroke-width: 2.6; }
.series.b .line { stroke-dasharray: 7 4; } .series.c .line { stroke-dasharray: 2 3; }
.series.d .line { stroke-dasharray: 10 3 2 3; } .series.e .line { stroke-dasharray: 4 2; }
.series.f .line { stroke-dasharray: 12 5; }
.marker > * { fill: currentColor; stroke: var(--card); stroke-width: 1; }
.wide { overflow-x: auto; margin-top: 8px; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; margin-top: 12px; }
caption { text-align: left; color: var(--soft); padding-bottom: 6px; font-size: .9rem; }
th, td { padding: 6px 16px 6px 0; text-align: right; border-bottom: 1px solid var(--line);
  white-space: nowrap; vertical-align: baseline; }
th:last-child, td:last-child { padding-right: 0; }
th:first-child, td:first-child, .words { text-align: left; }
.words { white-space: normal; min-width: 11em; }
tbody tr:last-child > * { border-bottom: 0; }
thead th { color: var(--soft); font-weight: 500; font-size: .85rem; } tbody th { font-weight: 520; }
details { margin-top: 14px; } summary { cursor: pointer; font-size: .92rem; }
details ul { list-style: disc; padding-left: 1.2em; max-width: 64em; margin-top: 6px; color: var(--soft); }
.skipped { margin-top: 14px; border-left: 3px solid var(--b); padding-left: 12px; }
:focus-visible { outline: 2px solid var(--ours); outline-offset: 2px; }
.foot { color: var(--soft); font-size: .85rem; padding-top: 24px; padding-bottom: 56px; }
.foot p { max-width: 64em; } .foot p + p { margin-top: 8px; }
code { font: .92em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
@media (max-width: 640px) {
  main, .foot { padding: 0 14px; }
  .kicker { padding-top: 26px; }
  section { padding: 18px 16px; border-radius: 12px; }
  .bars li { grid-template-columns: 1fr; } .rate { text-align: left; }
  .rate .soft { margin-left: 0; display: block; }
  .targets thead { display: none; } .targets, .targets tbody, .targets tr, .targets th, .targets td { display: block; }
  .targets tr { padding: 10px 0; border-bottom: 1px solid var(--line); } .targets tr:last-child { border-bottom: 0; }
  .targets .goal:not(:empty)::before { content: 'Target: '; color: var(--soft); }
  .targets th, .targets td { border: 0; padding: 0; text-align: left; white-space: normal; }
}
@media print {
  body { font-size: 11pt; } main, .foot { max-width: none; padding: 0; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  section { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: 14px 0; }
  figure, tr, .bars li { break-inside: avoid; } h2, h3 { break-after: avoid; }
}
`
