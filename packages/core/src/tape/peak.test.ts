import { peaks } from './test-peak.ts';

peaks({ composed: true });
