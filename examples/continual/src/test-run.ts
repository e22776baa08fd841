import type { LogEntry, RunResult } from './results.ts';

/** A run of three tasks, as the report's tests and a look at the page need it. */
export function madeUpRun(tasks = 3, stepsPerTask = 40): RunResult {
  const matrix = Array.from({ length: tasks }, (_, trained) =>
    Array.from({ length: tasks }, (_, task) => (task > trained ? 0.02 : Math.max(0.3, 0.95 - 0.12 * (trained - task)))),
  );
  const log: LogEntry[] = [];
  for (let task = 0; task < tasks; task++) {
    for (let i = 1; i <= stepsPerTask; i++) {
      const step = task * stepsPerTask + i;
      const loss = 0.2 + 2 * Math.exp(-i / 10) + 0.1 * Math.sin(step);
      const terms: Record<string, number> = task === 0 ? { task: loss } : { task: loss * 0.8, ewc: loss * 0.2 };
      log.push({ kind: 'step', step, task, loss, terms, ms: 20 });
      if (i % 10 === 0) {
        const accuracy = (matrix[task] as number[]).map((end) => end * (0.6 + (0.4 * i) / stepsPerTask));
        log.push({ kind: 'accuracy', step, task, end: i === stepsPerTask, accuracy, ms: 50 });
      }
    }
    const categories = {
      parameters: 7e6,
      optimizer: 14e6,
      gradients: 7e6,
      saved: 9e6,
      plugin: 0.2e6 * task,
      batch: 4e4,
    };
    const memory = { peakBytes: 37.04e6 + 0.2e6 * task, categories, replayBytes: 130_000, replaySamples: 500 };
    log.push({ kind: 'memory', step: (task + 1) * stepsPerTask, task, memory });
  }
  return {
    settings: {
      method: 'er+ewc',
      data: 'wordnet',
      scenario: 'class',
      tasks,
      memory: 500,
      epochs: 3,
      batch: 32,
      strength: 1,
      size: 32,
      backend: 'wasm',
      seed: 1,
    },
    command: 'npm run continual -- --method er+ewc --tasks 3',
    data: 'WordNet <supersenses>',
    model: 'use-lite',
    parameters: 6_998_829,
    learningRate: 1e-3,
    trainSize: 900,
    testSize: 225,
    tasks: Array.from({ length: tasks }, (_, task) => ({
      name: `task ${task + 1}`,
      labels: ['noun.animal', 'verb.weather', 'noun.communication', 'adj.all'].map((label) => `${label}${task}`),
      trainSize: 300,
    })),
    baseline: Array.from({ length: tasks }, () => 0.022),
    matrix,
    metrics: {
      averageAccuracy: 0.83,
      learningAccuracy: 0.95,
      forgetting: 0.18,
      backwardTransfer: -0.18,
      forwardTransfer: null,
      minimumAccuracy: 0.6,
    },
    log,
    steps: tasks * stepsPerTask,
    allSteps: tasks * stepsPerTask,
    finished: true,
    seconds: 125,
  };
}
