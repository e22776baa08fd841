// `npm run continual [-- options]`: sets the workspace up if needed, then trains a method over a stream of tasks.
import { runExample } from './lib/run-example.mjs';

await runExample('continual');
