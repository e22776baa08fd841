import { describeThird } from './test-rows.ts';

describeThird(1);
