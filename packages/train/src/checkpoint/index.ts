export {
  type CheckpointInfo,
  type CheckpointSource,
  type CheckpointTarget,
  checkpointBytes,
  loadCheckpoint,
  readCheckpointInfo,
  type SaveOptions,
  saveCheckpoint,
} from './checkpoint.ts';
export { type CheckpointStore, checkpointFolder } from './folder.ts';
