"""The style of the HTML report: that of the backtest's page, with what a report has besides, and print."""

from winburn.backtest.page_style import STYLE as BASE

STYLE = (
    BASE
    + """
nav ul { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 10px 0 0; padding: 0; list-style: none; }
a { color: var(--budget); } a:focus-visible { outline: 2px solid var(--budget); outline-offset: 2px; }
.part { padding: 0; border: 0; background: none; } .part > h2 { margin: 26px 0 12px; font-size: 19px; }
.part > table, .part > .tiles, .part > p, .part > ul { margin-bottom: 14px; }
.part > .card { background: var(--card); }
section.card h3 { margin: 0; font-size: 17px; } section > ul:not([class]) { margin: 4px 0 14px; }
table { margin: 0 0 14px; } caption { padding: 8px 0 4px; font-size: 13px; font-weight: 600; text-align: left;
  color: var(--soft); }
th, td { vertical-align: top; overflow-wrap: anywhere; } thead th { overflow-wrap: normal; }
td.n, th.n { text-align: right; overflow-wrap: normal; } .n + :not(.n) { padding-left: 20px; }
figure .soft { margin: 0 0 8px; font-size: 13px; } .tiles b { overflow-wrap: anywhere; }
.tiles .good b { color: var(--good); } .tiles b.long { font-size: 14px; font-weight: 500; line-height: 1.35; }
.chart { height: 190px; margin: 0 16px 34px 64px; } .chart > svg { display: block; width: 100%; height: 100%;
  overflow: visible; }
.chart text { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
.chart .y { text-anchor: end; } .chart .x { text-anchor: middle; } .chart .level { fill: var(--bad); }
.frame { fill: none; stroke: var(--line); vector-effect: non-scaling-stroke; } svg.in { overflow: hidden; }
.line.k0 { stroke: var(--c2); stroke-width: 2; } .line.k1 { stroke: var(--c1); stroke-dasharray: 9 3; }
.line.k2 { stroke: var(--c3); stroke-dasharray: 3 3; } .line.k3 { stroke: var(--c4); stroke-dasharray: 12 3 3 3; }
.line.k4 { stroke: var(--c0); stroke-dasharray: 6 6; } .line.k5 { stroke: var(--c5); stroke-dasharray: 2 5; }
i.k0 { background: var(--c2); } i.k1 { background: var(--c1); } i.k2 { background: var(--c3); }
i.k3 { background: var(--c4); } i.k4 { background: var(--c0); } i.k5 { background: var(--c5); }
.band { opacity: .16; } i.shade { height: 11px; background: var(--c0); opacity: .3; }
:root { --good: #0b6b3f; }
@media (prefers-color-scheme: dark) { :root { --good: #63d297; } }
@media screen and (max-width: 860px) {
  .chart { height: 160px; margin-left: 52px; } .chart .x.odd { display: none; } caption { display: block; }
  td.n, th.n { text-align: left; } .n + :not(.n) { padding-left: 0; } section.card { padding: 14px 12px; }
}
@media print {
  @page { size: A4; margin: 14mm 12mm; }
  :root { color-scheme: light; --page: #fff; --card: #fff; --ink: #171b22; --soft: #4a5260; --line: #cfd5de;
    --bad: #b42318; --warn: #8a5200; --good: #0b6b3f; --budget: #1d5fd1;
    --c0: #c0341d; --c1: #b26a00; --c2: #0b6bab; --c3: #0a7d5a; --c4: #8a3ea8; --c5: #5d6675; }
  body { font-size: 10pt; } header, main, footer { max-width: none; padding: 0; } nav { display: none; }
  section, section.card { break-inside: auto; padding: 0; border: 0; }
  section.card { margin: 0 0 18px; padding-top: 10px; border-top: 1px solid var(--line); border-radius: 0; }
  h2, h3, caption, figcaption { break-after: avoid; }
  tr, figure, .tiles { break-inside: avoid; } thead { display: table-header-group; }
  table { font-size: 8.5pt; } th, td { padding: 4px 5px; } .tiles { grid-template-columns: repeat(5, 1fr); gap: 6px; }
  .tiles li { padding: 6px 8px; } .tiles b { font-size: 13pt; } .tiles b.long { font-size: 9pt; }
  .chart { height: 120px; }
}
"""
)
