export * from './checkpoint/index.ts';
export * from './data/index.ts';
export * from './optimizers/index.ts';
export * from './schedules/index.ts';
export * from './tasks/index.ts';
export * from './trainer/index.ts';
