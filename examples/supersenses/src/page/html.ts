import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { methodAbouts } from '../options.ts';
import type { RunResult } from '../results.ts';
import { comparison } from '../table.ts';
import { drawCharts } from './charts.ts';

const style = `
:root { color-scheme: light dark; --ink: #222; --paper: #fff; --soft: #666; --rule: #ddd; }
@media (prefers-color-scheme: dark) { :root { --ink: #dde3ea; --paper: #12161c; --soft: #9aa4af; --rule: #2d333b; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 980px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin-top: 2.2rem; } h3 { font-size: 1rem; margin-bottom: .2rem; }
p.about, td.soft { color: var(--soft); } .scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
.scroll th, .scroll td { text-align: right; padding: .35rem .45rem; border-bottom: 1px solid var(--rule); white-space: nowrap; }
.scroll th:first-child, .scroll td:first-child { text-align: left; }
.u-legend { font-size: .8rem; }
`;

/** The whole report as one page that opens from the disk: data, plotting library and styles are inside it. */
export function reportPage(run: RunResult): string {
  const require = createRequire(import.meta.url);
  const plotScript = readFileSync(require.resolve('uplot/dist/uPlot.iife.min.js'), 'utf8');
  const plotStyle = readFileSync(require.resolve('uplot/dist/uPlot.min.css'), 'utf8');
  const cells = (tag: string, texts: readonly string[]) =>
    `<tr>${texts.map((text) => `<${tag}>${escaped(text)}</${tag}>`).join('')}</tr>`;
  const { head, rows } = comparison(run);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>tapgrad: ${escaped(run.task)}</title>
<style>${plotStyle}${style}</style>
<h1>Fine-tuning ${escaped(run.model)} on ${escaped(run.task)}</h1>
<p class="about">${run.trainSize} training and ${run.testSize} test sentences, ${run.classes} classes; ${run.steps} steps of ${run.batch} sentences,
seed ${run.seed}, ${escaped(run.backend)} backend. Always answering the commonest class: ${percent(run.majorityAccuracy)}.</p>
<div class="scroll"><table>
<thead>${cells('th', head)}</thead>
<tbody>${rows.map((row) => cells('td', row)).join('\n')}</tbody>
</table></div>
<p class="about">Columns after the peak say what held it, in MB.</p>
<h2>Loss</h2>
<div id="losses"></div>
<h2>Memory over one training step</h2>
<p class="about">Unique buffers by category, all at one scale. Weights that do not train are parameters too.</p>
${run.methods.map(({ name }, index) => `<h3>${escaped(titled(name))}</h3><div id="memory-${index}"></div>`).join('\n')}
<script>${plotScript}</script>
<script>(${drawCharts.toString()})(${JSON.stringify(run).replaceAll('<', '\\u003c')}, uPlot);</script>
</html>
`;
}

const titled = (method: string) =>
  [method, methodAbouts[method as keyof typeof methodAbouts]].filter(Boolean).join(': ');
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const escaped = (text: string) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
