import { rememberRandom, withRandom } from '../random.ts';
import { inPhase } from '../tape/phase.ts';
import { untaped } from '../tape/recorder.ts';

/**
 * Runs `f` so that it leaves no trace: nothing is recorded, no module statistics change (`BufferTensor.assign` does
 * nothing), and random streams stand afterwards where they stood.
 */
export function shadow<T>(f: () => T): T {
  return inPhase('shadow', () => withRandom(rememberRandom(), () => untaped(f)));
}
