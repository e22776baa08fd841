export { columns, logitsOf } from './base/logits.ts';
