export { type S3Credentials, type S3Options, s3Access } from './access.js';
export {
  type ListOptions,
  listObjects,
  putObject,
  type StoredObject,
  type UploadOptions,
  type UploadSource,
  uploadObject,
} from './objects.js';
