"""How the HTML report looks: one sheet, no fonts from elsewhere, colours for light and dark."""

from __future__ import annotations

STYLE = """
:root{--bg:#fbfaf8;--card:#fff;--ink:#1d2129;--soft:#667080;--line:#e3e1dc;--band:#b9cdea;--tick:#1f5fb4;
--good:#1c7a45;--bad:#b3271e;--unsure:#9a6a00;--plain:#556070;--tint:#f2f0eb}
@media (prefers-color-scheme:dark){:root{--bg:#14171c;--card:#1b1f26;--ink:#e4e7ec;--soft:#98a2b0;--line:#2d333d;
--band:#2c4a72;--tick:#7db2f5;--good:#5ecb8d;--bad:#ff8a80;--unsure:#e6b450;--plain:#98a2b0;--tint:#20252d}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1080px;margin:0 auto;padding:2rem 1.25rem 4rem}
header{margin-bottom:2rem}
.project{margin:0;color:var(--soft);font-size:.95rem}
h1{margin:.2rem 0 .8rem;font-size:1.55rem;line-height:1.3;font-weight:600}
h2{margin:0 0 .8rem;font-size:1.1rem;font-weight:600}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1.1rem 1.25rem;margin:0 0 1.1rem}
section>p{margin:.1rem 0 .8rem;color:var(--soft)}
small{color:var(--soft);font-size:.8rem;font-weight:400}
.verdict{display:inline-block;padding:.05rem .7rem;margin-right:.7rem;border-radius:6px}
.verdict{color:var(--card);font-weight:700}
.verdict.good{background:var(--good)}.verdict.bad{background:var(--bad)}
.verdict.unsure{background:var(--unsure)}.verdict.plain{background:var(--plain)}
.gates{list-style:none;margin:0;padding:0}.gates li{margin:.15rem 0}
.mark{display:inline-block;min-width:8.5rem;color:var(--soft);font-size:.85rem}
.mark.good{color:var(--good)}.mark.bad,.mark.domain,.mark.parameter{color:var(--bad)}
.mark.unsure,.mark.decomposition,.mark.context{color:var(--unsure)}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{padding:.28rem .7rem .28rem 0;text-align:left;vertical-align:top;font-weight:400}
thead th{color:var(--soft);font-size:.85rem;border-bottom:1px solid var(--line);white-space:nowrap}
tbody tr+tr:not(.split) td,tbody tr+tr:not(.split) th{border-top:1px solid var(--line)}
.rates td{min-width:14rem;white-space:nowrap}.rates th[scope=row]{min-width:12rem;white-space:nowrap}
.rates td.num{min-width:0}
.split th{padding-top:1.1rem;font-weight:600;border-bottom:1px solid var(--line)}
.split small{margin-left:.5rem}
.num{text-align:right;font-variant-numeric:tabular-nums;padding-right:1.2rem}
td strong{font-variant-numeric:tabular-nums}
td.none,td.few,td.few strong{color:var(--soft)}
.bar{position:relative;display:block;height:6px;margin:.15rem 0 .2rem;border-radius:3px}
.bar{background:var(--tint);max-width:14rem}
.bar i{position:absolute;top:0;bottom:0;border-radius:3px;background:var(--band)}
.bar b{position:absolute;top:-2px;bottom:-2px;width:2px;margin-left:-1px;background:var(--tick)}
.few .bar i,.few .bar b{opacity:.45}
code{font:.86em/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.chip{background:var(--tint);padding:.05rem .4rem;border-radius:4px}
.graph{text-align:center}.graph img{max-width:100%;height:auto}
details{border-top:1px solid var(--line);padding:.45rem 0}
summary{cursor:pointer}summary b{margin-left:.6rem}
article{margin:.7rem 0 .9rem;padding:.6rem .9rem;background:var(--tint);border-radius:8px}
.detail{margin:0 0 .5rem;font-weight:600;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.call{display:block}
.load{display:block;height:10px;border-radius:3px;background:var(--tint);overflow:hidden}
.load i{display:block;height:100%;background:var(--band)}
.keep .load i{background:var(--good)}.drop .load i{background:var(--unsure)}
.funnel th{white-space:nowrap;width:1%}.funnel td.num{width:1%}.part th{padding-left:1.2rem;color:var(--soft)}
ul{margin:.2rem 0;padding-left:1.2rem}
@media print{section{break-inside:avoid}details{display:none}}
"""
