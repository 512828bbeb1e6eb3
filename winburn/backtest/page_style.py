"""The page's style: one block, light and dark, from 390 px on."""

STYLE = """
:root { color-scheme: light dark; --page: #f5f6f8; --card: #fff; --ink: #171b22; --soft: #596273; --line: #dfe3ea;
  --bad: #b42318; --warn: #8a5200; --budget: #1d5fd1;
  --c0: #c0341d; --c1: #b26a00; --c2: #0b6bab; --c3: #0a7d5a; --c4: #8a3ea8; --c5: #5d6675; }
@media (prefers-color-scheme: dark) { :root { --page: #0f1216; --card: #171b21; --ink: #e8ebf0; --soft: #9aa4b4;
  --line: #2b323c; --bad: #ff9b90; --warn: #f7c873; --budget: #82b1ff;
  --c0: #ff8a75; --c1: #f0b34a; --c2: #6cbdf5; --c3: #52d1a4; --c4: #d79bf0; --c5: #aab3c1; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
header, main, footer { max-width: 1240px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 22px; padding-bottom: 14px; }
h1 { margin: 0; font-size: 22px; } header p { margin: 2px 0 0; color: var(--soft); }
h2 { margin: 0; font-size: 17px; } h3 { margin: 22px 0 6px; font-size: 15px; }
p { margin: 8px 0; } .soft { margin: 0 0 12px; color: var(--soft); }
section { margin: 0 0 22px; padding: 16px 18px; border: 1px solid var(--line); border-radius: 12px;
  background: var(--card); }
section > ul:not([class]) { margin: 14px 0 0; padding-left: 18px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 10px; margin: 0 0 18px;
  padding: 0; list-style: none; }
.tiles li { padding: 10px 12px; border: 1px solid var(--line); border-radius: 10px; }
.tiles b { display: block; font-size: 22px; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tiles span { font-size: 13px; color: var(--soft); }
.tiles .bad b { color: var(--bad); } .tiles .warn b { color: var(--warn); }
figure { margin: 0 0 16px; } figcaption { margin: 0 0 6px; font-size: 13px; font-weight: 600; color: var(--soft); }
.plot { position: relative; height: 190px; margin: 0 10px 36px 64px; border: 1px solid var(--line); }
.plot svg { display: block; width: 100%; height: 100%; overflow: hidden; }
.plot span { position: absolute; font-size: 12px; line-height: 1; color: var(--soft); white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.plot .y { right: 100%; margin-right: 8px; transform: translateY(-50%); }
.plot .x { top: 100%; margin-top: 7px; transform: translateX(-50%); }
.plot .x::before { content: ""; position: absolute; left: 50%; top: -7px; height: 5px;
  border-left: 1px solid var(--soft); }
.line { fill: none; stroke-width: 1.6; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.budget { stroke: var(--budget); stroke-width: 2; }
.grid, .zero, .factor { vector-effect: non-scaling-stroke; stroke-width: 1; }
.grid { stroke: var(--line); } .zero { stroke: var(--bad); } .factor { stroke-dasharray: 5 4; opacity: .9; }
.line.t0, .factor.t0 { stroke: var(--c0); } .line.t1, .factor.t1 { stroke: var(--c1); }
.line.t2, .factor.t2 { stroke: var(--c2); } .line.t3, .factor.t3 { stroke: var(--c3); }
.line.t4, .factor.t4 { stroke: var(--c4); } .line.t5, .factor.t5 { stroke: var(--c5); }
.band { opacity: .1; } .band.t0 { fill: var(--c0); } .band.t1 { fill: var(--c1); } .band.t2 { fill: var(--c2); }
.band.t3 { fill: var(--c3); } .band.t4 { fill: var(--c4); } .band.t5 { fill: var(--c5); }
i.t0 { background: var(--c0); } i.t1 { background: var(--c1); } i.t2 { background: var(--c2); }
i.t3 { background: var(--c3); } i.t4 { background: var(--c4); } i.t5 { background: var(--c5); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: -4px 0 16px 64px; padding: 0; list-style: none;
  font-size: 13px; }
.legend i { display: inline-block; width: 18px; height: 3px; margin-right: 7px; vertical-align: middle; }
.lane { margin: 0 10px 6px 64px; } .lane span { font-size: 12.5px; color: var(--soft); }
.lane div { position: relative; height: 14px; border: 1px solid var(--line); border-radius: 3px; overflow: hidden; }
.lane i { position: absolute; top: 0; bottom: 0; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { padding: 7px 8px; border-top: 1px solid var(--line); text-align: left; }
thead th { border-top: 0; font-size: 12.5px; color: var(--soft); } tbody th { font-weight: 600; }
footer { padding-bottom: 30px; color: var(--soft); font-size: 13px; } footer h2 { font-size: 14px; }
footer ul { margin: 6px 0 0; padding-left: 18px; }
@media screen and (max-width: 860px) {
  header, main, footer { padding-left: 12px; padding-right: 12px; } section { padding: 14px 12px; }
  .tiles { grid-template-columns: repeat(2, 1fr); gap: 8px; } .tiles b { font-size: 19px; }
  .plot { height: 160px; margin-left: 52px; margin-right: 6px; } .lane { margin-left: 0; margin-right: 0; }
  .legend { margin-left: 0; }
  .plot .x.odd { visibility: hidden; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody, th, td { display: block; }
  tbody tr { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 6px 12px; padding: 10px 0;
    border-top: 1px solid var(--line); }
  tbody th { grid-column: 1 / -1; } tbody th, tbody td { padding: 0; border: 0; overflow-wrap: anywhere; }
  td.none { display: none; }
  td::before { content: attr(data-label); display: block; font-size: 12px; color: var(--soft); }
}
@media print { section { break-inside: avoid-page; } }
"""
