import { derivedSlots } from './test-derived-slots.ts';

derivedSlots();
