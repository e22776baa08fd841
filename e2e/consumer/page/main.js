import { use } from '../backends.js';
import { exportCounts } from '../every-package.js';
import { gradientsOfASmallNetwork } from '../gradients.js';
import { oneStepWithAPlugin } from '../training.js';

globalThis.exportCounts = exportCounts;

// Called by the test, once for each backend.
globalThis.gradientsOn = async (backend) => {
  await use(backend);
  return gradientsOfASmallNetwork();
};
globalThis.trainingOn = async (backend) => {
  await use(backend);
  return oneStepWithAPlugin();
};

/** Whether the page's content security policy allows what some hook libraries need. */
globalThis.mayGenerateCode = () => {
  try {
    return new Function('return true')();
  } catch {
    return false;
  }
};
