import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { TapgradError } from '@tapgrad/core';
import { differences, type Settings, settingsOf } from './options.ts';
import type { LogEntry, RunResult } from './results.ts';

/** Where runs go that name no folder of their own. */
const runsFolder = 'runs/continual';

/** What a run was begun with. */
interface Begun {
  readonly settings: Settings;
  /** Of the samples. */
  readonly data: string;
}

/** The folder of one run: what it was begun with, its log, checkpoints and report. */
export class RunFolder {
  readonly checkpoints: string;
  readonly report: string;
  private readonly begunFile: string;
  private readonly resultsFile: string;
  private readonly logFile: string;

  constructor(readonly path: string) {
    this.checkpoints = join(path, 'checkpoints');
    this.report = join(path, 'index.html');
    this.begunFile = join(path, 'run.json');
    this.resultsFile = join(path, 'results.json');
    this.logFile = join(path, 'log.jsonl');
  }

  /** Settings of the run that was begun here; undefined where there is none. */
  get begun(): Begun | undefined {
    return existsSync(this.begunFile) ? (readJson(this.begunFile) as Begun) : undefined;
  }

  /** The results of the run, if it is finished. */
  get finished(): RunResult | undefined {
    const results = existsSync(this.resultsFile) ? (readJson(this.resultsFile) as RunResult) : undefined;
    return results?.finished ? results : undefined;
  }

  /** Throws TapgradError RUN_DIFFERS where a run was begun here with other settings. */
  check(settings: Settings): void {
    const { begun } = this;
    const other = begun ? differences(settings, begun.settings) : [];
    if (other.length > 0) throw differs(this.path, other);
  }

  /**
   * Begins a run here, or goes on with the one that was begun.
   * @throws TapgradError RUN_DIFFERS where that one had other settings or other data
   */
  begin(settings: Settings, data: string): void {
    this.check(settings);
    const { begun } = this;
    if (begun) {
      if (begun.data !== data) throw differs(this.path, ['the samples have changed since']);
      this.mend();
      return;
    }
    mkdirSync(this.path, { recursive: true });
    writeWhole(this.begunFile, json({ settings: settingsOf(settings), data } satisfies Begun));
  }

  /** Forgets the run that was begun here; nothing but what a run writes is removed. */
  clear(): void {
    for (const path of [this.begunFile, this.resultsFile, this.logFile, this.report, this.checkpoints]) {
      rmSync(path, { recursive: true, force: true });
    }
  }

  /** Adds a line to the log: it is on its way to the disk when this returns, so that a killed process loses none. */
  log(entry: LogEntry): void {
    appendFileSync(this.logFile, `${JSON.stringify(entry)}\n`);
  }

  /** Ends a line that a killed process left unfinished, so that what follows stands on lines of its own. */
  mend(): void {
    if (existsSync(this.logFile) && !readFileSync(this.logFile, 'utf8').endsWith('\n'))
      appendFileSync(this.logFile, '\n');
  }

  /** The log without what was made again after a resume. */
  entries(): LogEntry[] {
    if (!existsSync(this.logFile)) return [];
    const lines = readFileSync(this.logFile, 'utf8').split('\n');
    return withoutRepeats(lines.flatMap(parsed));
  }

  /** Writes report and results; a reader sees the old or the new. */
  write(results: RunResult, page: string): void {
    writeWhole(this.report, page);
    writeWhole(this.resultsFile, json(results));
  }
}

/** The folder of a run with these settings, the same each time. */
export function folderOf(settings: Settings): string {
  const { method, data, scenario, seed } = settings;
  const key = createHash('sha256')
    .update(JSON.stringify(settingsOf(settings)))
    .digest('hex')
    .slice(0, 6);
  const name = basename(data)
    .replace(/\.tsv$/, '')
    .replaceAll(/[^\w-]+/g, '-');
  return join(runsFolder, `${method}-${name}-${scenario}-seed${seed}-${key}`);
}

/**
 * The run that was begun last and is not finished; where all are, the last of them.
 * @throws TapgradError RUN_MISSING
 */
export function newestRun(folder = runsFolder): string {
  const begun = (existsSync(folder) ? readdirSync(folder) : [])
    .map((name) => join(folder, name))
    .filter((path) => existsSync(join(path, 'run.json')))
    .map((path) => ({ path, time: statSync(join(path, 'run.json')).mtimeMs }))
    .sort((a, b) => b.time - a.time);
  const found = begun.find(({ path }) => !new RunFolder(path).finished) ?? begun[0];
  if (found) return found.path;
  throw new TapgradError({ code: 'RUN_MISSING', message: `no run was begun in ${folder}`, fix: 'leave out --resume' });
}

/** After a resume the same updates are made once more: the later ones count, and what lay beyond them does not. */
export function withoutRepeats(entries: readonly LogEntry[]): LogEntry[] {
  let kept: LogEntry[] = [];
  for (const entry of entries) {
    const last = kept.at(-1);
    if (last && last.step >= entry.step) {
      kept = kept.filter(
        ({ step, kind }) => step < entry.step || (step === entry.step && entry.kind !== 'step' && kind !== entry.kind),
      );
    }
    kept.push(entry);
  }
  return kept;
}

/** The last line of a process that was killed may be cut off. */
function parsed(line: string): LogEntry[] {
  try {
    return line === '' ? [] : [JSON.parse(line) as LogEntry];
  } catch {
    return [];
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new TapgradError({
      code: 'RUN_UNREADABLE',
      message: `${path} is not what this program wrote`,
      fix: 'start over with --fresh, or give another folder with --out',
      cause,
    });
  }
}

function writeWhole(path: string, content: string): void {
  writeFileSync(`${path}.unfinished`, content);
  renameSync(`${path}.unfinished`, path);
}

const json = (value: unknown) => `${JSON.stringify(value, undefined, 1)}\n`;

function differs(path: string, what: readonly string[]): TapgradError {
  return new TapgradError({
    code: 'RUN_DIFFERS',
    message: `the run in ${path} was begun otherwise: ${what.join('; ')}`,
    fix: 'start over with --fresh, or give another folder with --out',
  });
}
