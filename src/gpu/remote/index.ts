/** A backend with its device in another thread: commands are messages, tensors stay on the device. */
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
