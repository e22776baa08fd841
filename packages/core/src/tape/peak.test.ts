import { peaks } from './peak.cases.ts';

peaks({ composed: true });
