import { blockCounts } from './block-counts.cases.ts';

blockCounts();
