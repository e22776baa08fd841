import '@tensorflow/tfjs-backend-cpu';
import { setBackend } from '@tensorflow/tfjs-core';
import { gradientsOfASmallNetwork } from './gradients.js';

await setBackend('cpu');
console.log(JSON.stringify(gradientsOfASmallNetwork()));
