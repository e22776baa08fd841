import { testGroups } from './test-groups.ts';

testGroups({ bitwise: false });
