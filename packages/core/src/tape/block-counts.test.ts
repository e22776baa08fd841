import { blockCounts } from './test-block-counts.ts';

blockCounts();
