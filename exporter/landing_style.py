"""The landing page's style, in one block, so that the content security policy can name it by its hash."""

from base64 import b64encode
from hashlib import sha256

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #ffffff; --ink: #171b22; --soft: #596273; --line: #e1e5eb; --track: #e6e9ef; --link: #1d5fd1;
  --bad: #b42318; --bad-bg: #fdecea; --warn: #8a5200; --warn-bg: #fdf1d8; --none: #475467; --none-bg: #eceff3;
  --good: #12703c; --good-bg: #e2f5e9; --info: #1f55b5; --info-bg: #e6effc; --bar: #3b7dd8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1216; --card: #171b21; --ink: #e8ebf0; --soft: #9aa4b4; --line: #282e37; --track: #2a313b;
    --link: #82b1ff; --bad: #ff9b90; --bad-bg: #431b18; --warn: #f7c873; --warn-bg: #3d2d10; --none: #b4bdcb;
    --none-bg: #2a303a; --good: #7bd89f; --good-bg: #15351f; --info: #9cc2ff; --info-bg: #1a2d4d; --bar: #5b97ea;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
header, main, footer { max-width: 1240px; margin: 0 auto; padding: 0 20px; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 20px; padding-top: 22px; padding-bottom: 14px; }
h1 { display: flex; align-items: center; gap: 10px; margin: 0; font-size: 22px; letter-spacing: -.01em; }
h1 svg { width: 26px; height: 26px; }
h1 small { font-size: 13px; font-weight: 500; color: var(--soft); letter-spacing: 0; }
nav { display: flex; flex-wrap: wrap; gap: 4px 16px; margin-left: auto; font-size: 14px; }
.when { width: 100%; margin: 0; color: var(--soft); font-size: 13px; }
.alert { margin: 4px 0 16px; padding: 12px 16px; border-radius: 10px; background: var(--warn-bg); color: var(--warn);
  font-weight: 600; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(116px, 1fr)); gap: 10px; margin: 0 0 22px;
  padding: 0; list-style: none; }
.tiles li { padding: 12px 14px; border: 1px solid var(--line); border-radius: 12px; background: var(--card); }
.tiles b { display: block; font-size: 26px; line-height: 1.15; font-variant-numeric: tabular-nums; }
.tiles span { font-size: 13px; color: var(--soft); }
.tiles .bad b { color: var(--bad); } .tiles .warn b { color: var(--warn); } .tiles .good b { color: var(--good); }
section { margin: 0 0 22px; border: 1px solid var(--line); border-radius: 12px; background: var(--card);
  overflow: hidden; }
h2 { margin: 0; padding: 14px 18px 10px; font-size: 16px; }
.note { margin: 0; padding: 0 18px 16px; color: var(--soft); }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { padding: 9px 10px; border-top: 1px solid var(--line); text-align: left; vertical-align: middle; }
th:first-child, td:first-child { padding-left: 18px; } th:last-child, td:last-child { padding-right: 18px; }
thead th { border-top: 0; padding-top: 4px; padding-bottom: 7px; font-size: 12.5px; font-weight: 600;
  color: var(--soft); white-space: nowrap; }
tbody th { font-weight: 600; overflow-wrap: anywhere; }
.num { text-align: right; white-space: nowrap; }
.sub { display: block; font-size: 12.5px; font-weight: 400; color: var(--soft); }
.none { color: var(--soft); }
.pill { display: inline-flex; align-items: center; gap: 6px; padding: 2px 10px 2px 8px; border-radius: 99px;
  font-size: 13px; font-weight: 600; white-space: nowrap; background: var(--none-bg); color: var(--none); }
.pill svg { width: 10px; height: 10px; flex: none; fill: currentColor; }
.pill.bad { background: var(--bad-bg); color: var(--bad); }
.pill.warn { background: var(--warn-bg); color: var(--warn); }
.pill.good { background: var(--good-bg); color: var(--good); }
.pill.info { background: var(--info-bg); color: var(--info); }
.gauge { display: inline-flex; align-items: center; justify-content: flex-end; gap: 10px; }
.gauge b { min-width: 5.4em; font-weight: 500; text-align: right; }
svg.bar { display: block; width: 84px; height: 8px; border-radius: 4px; }
svg.range { display: block; width: 132px; height: 18px; }
.track { fill: var(--track); } .fill { fill: var(--bar); }
.fill.bad { fill: var(--bad); } .fill.warn { fill: var(--warn); }
.fill.good { fill: var(--good); }
.zero { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 2; } .span { stroke: var(--bar); stroke-width: 2; }
.dot { fill: var(--bar); } .span.good { stroke: var(--good); } .dot.good { fill: var(--good); }
.span.bad { stroke: var(--bad); } .dot.bad { fill: var(--bad); }
.group th { padding-top: 12px; padding-bottom: 12px; }
.group .row { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; }
tbody.experiment + tbody.experiment .group th { border-top-width: 3px; }
.lift { display: inline-flex; align-items: center; gap: 12px; }
.lift > span { min-width: 9.6em; }
footer { padding-bottom: 30px; color: var(--soft); font-size: 13px; }
@media (max-width: 720px) {
  header, main, footer { padding-left: 14px; padding-right: 14px; }
  nav { margin-left: 0; width: 100%; }
  .tiles { grid-template-columns: repeat(3, 1fr); gap: 8px; }
  .tiles li { padding: 10px 12px; } .tiles b { font-size: 22px; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody, th, td { display: block; }
  tbody tr { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 8px 10px; padding: 12px 16px;
    border-top: 1px solid var(--line); }
  tbody.experiment tr + tr { border-top-style: dashed; }
  tbody.experiment + tbody.experiment .group { border-top-width: 3px; }
  tbody.experiment .group th, .group th { grid-column: 1 / -1; }
  tbody.experiment .group th, tbody th, tbody td, tbody th:first-child, tbody td:last-child { padding: 0; border: 0; }
  tbody th { grid-column: 1 / 3; }
  td.state { justify-self: end; }
  td.num { text-align: left; }
  td.num[data-label]::before { content: attr(data-label); display: block; color: var(--soft); font-size: 12.5px; }
  td.wide { grid-column: 1 / -1; }
  td.num:empty { display: none; }
  .gauge { flex-direction: row-reverse; } .gauge b { text-align: left; min-width: 0; }
  td.wide .gauge, td.wide .lift { display: flex; flex-direction: row-reverse; justify-content: space-between; }
  td.wide .gauge b, td.wide .lift > span { min-width: 9.6em; text-align: left; }
  td.wide svg.bar { flex: 1; }
  td:not(.wide) svg.bar { width: 44px; }
}
"""

STYLE_HASH = f"sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}"
