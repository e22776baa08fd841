import { testPackBits } from './test-pack-bits.ts';

testPackBits();
