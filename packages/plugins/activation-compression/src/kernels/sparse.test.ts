import { testSparse } from './test-sparse.ts';

testSparse();
