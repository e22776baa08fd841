// `npm start [-- options]`: sets the workspace up if needed, then runs the main job.
import { runExample } from './lib/run-example.mjs';

await runExample('supersenses');
