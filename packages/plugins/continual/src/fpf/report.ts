import type { Module } from '@tapgrad/core';
import type { PhaseResult, RefreshCost } from './phase.ts';
import type { Moment, SensitivityReport } from './sensitivity.ts';

/** One phase: when, what was refreshed, and what it cost. It is JSON. */
export interface Phase extends Moment, PhaseResult {
  readonly parameters: readonly string[];
}

/** What `fpf` or `k-fpf` measured and did so far; it is JSON. */
export interface RefreshReport {
  readonly plugin: 'fpf' | 'k-fpf';
  readonly phases: readonly Phase[];
  /** Of all phases together. */
  readonly cost: RefreshCost;
  /** Undefined where nothing is measured. */
  readonly sensitivity: SensitivityReport | undefined;
}

const reporters = new WeakMap<object, Map<RefreshReport['plugin'], () => RefreshReport>>();

/** What the attached `fpf` (or, asked for by name, or alone, `k-fpf`) of a model measured and did; undefined without one. */
export function refreshReport(
  model: Module<never, unknown>,
  plugin?: RefreshReport['plugin'],
): RefreshReport | undefined {
  const found = reporters.get(model);
  return (plugin ? found?.get(plugin) : (found?.get('fpf') ?? found?.get('k-fpf')))?.();
}

/** @returns what forgets it again */
export function reportBy(model: object, plugin: RefreshReport['plugin'], report: () => RefreshReport): () => void {
  const all = reporters.get(model) ?? new Map<RefreshReport['plugin'], () => RefreshReport>();
  reporters.set(model, all.set(plugin, report));
  return () => void all.delete(plugin);
}
