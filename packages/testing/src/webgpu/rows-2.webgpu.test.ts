import { describeRows } from './test-rows.ts';

describeRows(1);
