/** A backend whose device lives in another thread: commands cross as messages, tensors stay where they are. */
export { BackendHost } from './backend-host.js';
export { Caller, type Envelope, READY, type Reply } from './caller.js';
export {
  type BackendAnswer,
  type BackendCommand,
  type BackendQuestion,
  type DeviceDescription,
  describeError,
} from './messages.js';
export { RemoteBackend } from './remote-backend.js';
