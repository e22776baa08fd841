import { env } from '@tensorflow/tfjs-core';

// Without it the cpu backend advises every test file to install tfjs-node.
env().set('IS_TEST', true);
