import { derivedSlots } from './derived-slots.cases.ts';

derivedSlots();
