import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { metricAbouts } from '../metrics.ts';
import { methodAbouts } from '../options.ts';
import { duration } from '../progress.ts';
import type { RunResult } from '../results.ts';
import { drawCharts } from './charts.ts';
import { curvesOf } from './curves.ts';
import { heatMap } from './heat-map.ts';
import { escaped, percent, scriptJson } from './markup.ts';
import { memoryUse } from './memory.ts';
import { style } from './style.ts';

/** The whole report as one page that opens from the disk: data, plotting library and styles are inside it. */
export function reportPage(run: RunResult): string {
  const require = createRequire(import.meta.url);
  const plotScript = readFileSync(require.resolve('uplot/dist/uPlot.iife.min.js'), 'utf8');
  const plotStyle = readFileSync(require.resolve('uplot/dist/uPlot.min.css'), 'utf8');
  const { method, scenario, seed, backend, epochs, batch, memory } = run.settings;
  const title = `${method} on ${run.data}`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tapgrad: ${escaped(title)}</title>
<style>${plotStyle}${style}</style>
<h1>${escaped(title)}</h1>
<p class="about">${escaped(method)}: ${escaped(methodAbouts[method])}.<br>
${run.tasks.length} tasks, ${scenario}-incremental${scenario === 'task' ? ' (the task of a sample is known)' : ' (all classes compete)'};
${run.trainSize} samples to learn from, ${run.testSize} to be judged on; ${plural(epochs, 'epoch')} of each task in batches of ${batch}, memory of ${plural(memory, 'sample')} where the method has one.
${escaped(run.model)}, ${run.parameters.toLocaleString('en')} parameters, learning rate ${run.learningRate}, seed ${seed}, ${escaped(backend)} backend, ${duration(run.seconds * 1000)}.</p>
${run.finished ? '' : `<p class="unfinished">Not finished: ${run.steps} of ${run.allSteps} steps are made, ${run.matrix.length} of ${run.tasks.length} tasks learnt. The same command goes on.</p>`}
<dl class="metrics">${metricBoxes(run)}</dl>
<h2>Accuracy of each task after each task, %</h2>
${heatMap(run)}
<p class="about">${method === 'joint' ? 'All tasks were learnt together; the last column is the mean.' : 'Rows: after which task. Columns: which task. Hatched: not learnt yet. Last column: mean over the tasks seen.'}</p>
<h2>Accuracy over time</h2>
<div id="accuracy"></div>
<h2>Loss</h2>
<div id="losses"></div>
<h2>Memory</h2>
<p class="about">Bytes of unique buffers at the peak of a task's training, by category, in MB of 10⁶ bytes. What methods keep, samples included, is plugin.</p>
${memoryUse(run)}
<h2>To repeat this run</h2>
<pre><code>${escaped(run.command)}</code></pre>
<script>${plotScript}</script>
<script>(${drawCharts.toString()})(${scriptJson(curvesOf(run))}, uPlot);</script>
</html>
`;
}

function metricBoxes({ metrics }: RunResult): string {
  return Object.entries(metricAbouts)
    .flatMap(([name, [title, about]]) => {
      const value = metrics[name];
      if (value === undefined) return [];
      const shown = value === null ? '–' : percent(value).replace('-', '−');
      return [`<div><dt>${title}</dt><dd class="value">${shown}</dd><dd>${about}</dd></div>`];
    })
    .join('\n');
}

const plural = (count: number, thing: string) => `${count} ${thing}${count === 1 ? '' : 's'}`;
