// `npm run compose [-- options]`: sets the workspace up if needed, then runs the composition example.
import { runExample } from './lib/run-example.mjs';

await runExample('compose');
