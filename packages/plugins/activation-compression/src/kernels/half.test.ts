import { testHalf } from './test-half.ts';

testHalf();
