export {
  type BackendChoice,
  type BackendName,
  type BackendOptions,
  backendChoices,
  useBackend,
} from './use-backend.ts';
