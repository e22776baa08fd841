/** The page's look, for light and dark screens and narrow ones. */
export const style = `
:root { color-scheme: light dark; --ink: #1f2328; --paper: #fff; --soft: #5d6771; --rule: #d8dee4; --box: #f6f8fa; --heat: 9 105 218; }
@media (prefers-color-scheme: dark) { :root { --ink: #dde3ea; --paper: #12161c; --soft: #9aa4af; --rule: #2d333b; --box: #1a2028; --heat: 47 129 247; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 980px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin-bottom: .3rem; } h2 { font-size: 1.15rem; margin: 2.4rem 0 .4rem; }
p { margin: .3rem 0 .8rem; } .about { color: var(--soft); } .scroll { overflow-x: auto; }
.unfinished { border-left: 4px solid #d29922; padding: .3rem .8rem; background: var(--box); }
dl.metrics { display: grid; grid-template-columns: repeat(auto-fit, minmax(148px, 1fr)); gap: .7rem; margin: 1rem 0; }
dl.metrics div { background: var(--box); border: 1px solid var(--rule); border-radius: 8px; padding: .55rem .75rem; }
dl.metrics dt { font-size: .82rem; font-weight: 600; } dl.metrics dd { margin: 0; font-size: .76rem; color: var(--soft); line-height: 1.35; }
dl.metrics dd.value { font-size: 1.45rem; color: var(--ink); font-variant-numeric: tabular-nums; line-height: 1.4; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
.heat td, .heat th { padding: .38rem .5rem; text-align: center; white-space: nowrap; font-weight: normal; }
.heat tbody th { text-align: left; color: var(--soft); padding-left: 0; } .heat thead th { color: var(--soft); }
.heat td { min-width: 3.4rem; border: 2px solid var(--paper); background: rgb(var(--heat) / var(--share)); }
.heat td.high { color: #fff; } .heat td.mean { background: none; font-weight: 600; }
.heat td.future { color: var(--soft); background: repeating-linear-gradient(45deg, rgb(var(--heat) / calc(var(--share) * .45)) 0 4px, transparent 4px 8px); }
.plain th, .plain td { text-align: right; padding: .35rem .55rem; border-bottom: 1px solid var(--rule); white-space: nowrap; }
.plain { width: 100%; } .plain th:first-child, .plain td:first-child { text-align: left; padding-left: 0; }
ol.tasks { padding-left: 0; list-style: none; font-size: .875rem; } ol.tasks li { margin: .15rem 0; }
.bar { display: flex; align-items: center; gap: .6rem; margin: .3rem 0; font-size: .82rem; font-variant-numeric: tabular-nums; }
.bar > span:first-child { flex: none; width: 3.4rem; color: var(--soft); } .bar > span:last-child { flex: none; width: 4.8rem; text-align: right; }
.bar .parts { flex: 1; display: flex; height: 1.15rem; } .bar i { display: block; height: 100%; }
.key { display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .82rem; margin: .3rem 0 .6rem; }
.key i { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; margin-right: .35rem; vertical-align: -.08rem; }
pre { background: var(--box); border: 1px solid var(--rule); border-radius: 8px; padding: .7rem .9rem; font-size: .85rem; overflow-x: auto; }
.u-legend { font-size: .8rem; }
@media (max-width: 560px) { body { margin: 1rem auto; } h1 { font-size: 1.35rem; } .heat td { min-width: 2.6rem; padding: .35rem .25rem; } .u-legend { font-size: .74rem; } }
`;
