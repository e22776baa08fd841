// node in-node.js <backend>
import { use } from './backends.js';
import { gradientsOfASmallNetwork } from './gradients.js';
import { oneStepWithAPlugin } from './training.js';

await use(process.argv[2]);
console.log(JSON.stringify({ gradients: await gradientsOfASmallNetwork(), training: await oneStepWithAPlugin() }));
