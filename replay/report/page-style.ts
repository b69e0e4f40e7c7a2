// How the report's page looks: on a phone, on a desk, by day and night, and on paper.

/** The page's own style sheet; colours are named once, for light and for dark. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #faf9f6; --card: #ffffff; --ink: #1c2330; --soft: #596271; --line: #e5e2db;
  --track: #efede7; --sold: #0b7a75; --sold-fill: rgba(11, 122, 117, .13);
  --held: #b8730c; --held-fill: rgba(184, 115, 12, .13); --stock: #858c98; --freed: #a1476b;
  --good: #17774a; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #11151b; --card: #181e26; --ink: #e7eaef; --soft: #9ba5b3; --line: #2a323d;
    --track: #252d38; --sold: #4fc4b9; --sold-fill: rgba(79, 196, 185, .16);
    --held: #e3a94f; --held-fill: rgba(227, 169, 79, .14); --stock: #7d8795; --freed: #de8db1;
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
h1, h2, h3, p, dl, dd, figure, ul, ol { margin: 0; padding: 0; }
ul, ol { list-style: none; }
.kicker { padding-top: 48px; color: var(--soft); font-size: .875rem; letter-spacing: .02em; }
h1 { font-size: clamp(2.1rem, 6.4vw, 3.5rem); line-height: 1.08; letter-spacing: -.022em;
  font-weight: 680; margin: 6px 0 10px; text-wrap: balance; }
.lead { font-size: clamp(1.02rem, 2.2vw, 1.2rem); color: var(--soft); max-width: 46em; }
h2 { font-size: 1.3rem; letter-spacing: -.01em; line-height: 1.25; }
h3 { font-size: 1rem; font-weight: 620; overflow-wrap: anywhere; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  padding: 24px; margin-top: 20px; min-width: 0; }
section > p, .about { color: var(--soft); max-width: 60em; margin: 4px 0 14px; }
.pair { display: grid; gap: 20px; grid-template-columns: 1fr 1fr; margin-top: 20px; }
.pair > section { margin-top: 0; }
.cards { display: grid; gap: 14px; grid-template-columns: repeat(6, 1fr); margin-top: 30px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  padding: 16px 18px; grid-column: span 2; min-width: 0; }
.card dt { color: var(--soft); font-size: .9rem; }
.card .figure { font-size: 1.5rem; font-weight: 640; letter-spacing: -.015em; line-height: 1.2;
  margin: 2px 0; overflow-wrap: anywhere; }
.card.main .figure { font-size: clamp(2rem, 4.6vw, 2.75rem); line-height: 1.1; margin: 4px 0; }
.card.main { padding: 20px; }
.card .note { color: var(--soft); font-size: .9rem; }
.good { color: var(--good); } .bad { color: var(--bad); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 22px; font-size: .92rem; margin: 0 0 10px; }
.legend li { display: flex; align-items: baseline; gap: 7px; color: var(--soft); }
.legend b { color: var(--ink); font-weight: 620; }
.key { width: 12px; height: 12px; border-radius: 3px; align-self: center; flex: none; }
.key.sold, .bar.sold { background: var(--sold); } .key.held, .bar.held { background: var(--held); }
.key.stock, .bar.stock { background: var(--stock); }
.key.freed, .bar.freed { background: var(--freed); }
.chart { position: relative; min-height: 220px; }
.chart.live .still, .hint { display: none; }
@media (hover: hover) { .chart.live + .caption .hint { display: inline; } }
.caption { color: var(--soft); font-size: .875rem; margin-top: 4px; }
svg { display: block; width: 100%; height: auto; }
svg .axis text { fill: var(--soft); font-size: 12px; }
svg .axis line { stroke: var(--line); }
svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
svg .line.sold { stroke: var(--sold); } svg .line.held { stroke: var(--held); stroke-width: 1.4; }
svg .line.stock { stroke: var(--stock); stroke-width: 1.4; stroke-dasharray: 5 4; }
svg .line.freed { stroke: var(--freed); stroke-width: 1.4; }
svg .area.sold { fill: var(--sold-fill); } svg .area.held { fill: var(--held-fill); }
svg line.stock { stroke: var(--stock); stroke-dasharray: 3 3; vector-effect: non-scaling-stroke; }
svg.small { height: 64px; margin-top: auto; border-bottom: 1px solid var(--line); }
.skus { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 24px 28px; }
.skus li { display: flex; flex-direction: column; min-width: 0; }
.skus p { color: var(--soft); font-size: .875rem; margin-bottom: 8px; } .skus span { white-space: nowrap; }
.stack { display: flex; height: 22px; border-radius: 6px; overflow: hidden; gap: 2px;
  background: var(--track); margin: 4px 0 14px; }
.stack .bar { min-width: 2px; }
.wide { overflow-x: auto; margin: 0 -4px; padding: 0 4px; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
caption { text-align: left; color: var(--soft); padding-bottom: 6px; }
th, td { padding: 6px 14px 6px 0; text-align: right; border-bottom: 1px solid var(--line);
  white-space: nowrap; vertical-align: middle; }
th:last-child, td:last-child { padding-right: 0; }
tbody tr:last-child > * { border-bottom: 0; }
th:first-child, td:first-child { text-align: left; }
thead th { color: var(--soft); font-weight: 500; font-size: .85rem; vertical-align: bottom; }
tbody th { font-weight: 520; overflow-wrap: anywhere; }
td.track { width: 45%; padding-right: 14px; }
td.track .bar { display: block; height: 12px; border-radius: 3px; min-width: 1px; }
thead button { font: inherit; color: inherit; background: none; border: 0; padding: 4px 0;
  cursor: pointer; text-align: inherit; }
thead button::after { content: "↕"; opacity: .35; padding-left: 4px; }
th[aria-sort=descending] button::after { content: "↓"; opacity: 1; }
th[aria-sort=ascending] button::after { content: "↑"; opacity: 1; }
th[aria-sort] { color: var(--ink); }
.tools { display: flex; flex-wrap: wrap; gap: 10px 16px; align-items: center; margin: 0 0 12px; }
.tools[hidden], [hidden] { display: none; }
.tools label { color: var(--soft); font-size: .92rem; }
input[type=search] { font: inherit; color: inherit; background: var(--paper); margin-left: 8px;
  border: 1px solid var(--line); border-radius: 8px; padding: 7px 12px; width: min(16em, 60vw); }
.more { font: inherit; color: var(--ink); background: var(--track); border: 0; border-radius: 8px;
  padding: 8px 16px; margin-top: 12px; cursor: pointer; }
:focus-visible { outline: 2px solid var(--sold); outline-offset: 2px; }
details { margin-top: 14px; } summary { cursor: pointer; color: var(--soft); font-size: .92rem; }
details > .wide { margin-top: 8px; }
.proof li { display: flex; gap: 12px; padding: 10px 0; border-bottom: 1px solid var(--line); }
.proof li:last-child { border-bottom: 0; }
.proof svg { width: 20px; height: 20px; flex: none; margin-top: 2px; }
.proof p { color: var(--soft); font-size: .92rem; }
.terms dt { font-weight: 600; margin-top: 12px; } .terms dd { color: var(--soft); max-width: 60em; }
.foot { color: var(--soft); font-size: .85rem; padding-top: 24px; padding-bottom: 56px; }
.foot p { overflow-wrap: anywhere; }
code { font: .92em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.u-select { background: var(--sold-fill); }
@media (max-width: 760px) {
  .pair { grid-template-columns: 1fr; }
  .card { grid-column: span 3; }
}
@media (max-width: 560px) {
  main, .foot { padding: 0 14px; }
  .kicker { padding-top: 28px; }
  section { padding: 18px 16px; border-radius: 12px; }
  .cards { gap: 10px; margin-top: 22px; }
  .card { padding: 13px 14px; } .card.main { grid-column: span 6; padding: 16px; }
  .card .figure { font-size: 1.2rem; }
  .card:last-child { grid-column: span 6; }
  .card.main .figure { font-size: 2.3rem; }
  .bars tbody th { white-space: normal; overflow-wrap: break-word; min-width: 6.4em; }
  .skus { grid-template-columns: 1fr 1fr; gap: 20px 16px; }
  td.track { width: 34%; }
}
@media print {
  :root {
    --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #ccc; --track: #eee;
    --sold: #0b7a75; --sold-fill: rgba(11, 122, 117, .15); --held: #b8730c;
    --held-fill: rgba(184, 115, 12, .15); --stock: #777; --freed: #a1476b; --good: #17774a;
  }
  @page { margin: 14mm; }
  body { font-size: 11pt; } main, .foot { max-width: none; padding: 0; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .kicker { padding-top: 0; }
  .long table { font-size: .78rem; } .long th, .long td { padding: 3px 8px 3px 0; }
  section { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: 14px 0; }
  section, figure, .card, .skus li, tr { break-inside: avoid; }
  section.long { break-inside: auto; } h2, h3 { break-after: avoid; }
  .pair { grid-template-columns: 1fr 1fr; } .card { grid-column: span 2; padding: 10px 12px; }
  .chart .uplot, .tools, .more, .hint, details:not([open]) { display: none !important; }
  .chart.live .still { display: block; }
  thead button::after { content: ""; }
}
`
