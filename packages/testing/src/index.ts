export * from './op-spec.ts';
export * from './random.ts';
export * from './sample-inputs.ts';
