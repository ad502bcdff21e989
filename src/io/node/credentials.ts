/** Keys of S3 where Amazon's tools keep them: in the environment, or in two files of the home folder. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, invalidInput } from '../../errors.js';
import type { S3Credentials, S3Options } from '../s3/access.js';
import { cannotOpen } from './file.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Options of S3 from the environment and the files of a profile, by the names of Amazon's tools and GDAL's. Files are read
 * with the first address of S3.
 * @param home the home folder
 * @throws {TerrachipError} INVALID_INPUT, in its credentials, for a named profile that does not exist
 */
export function s3OptionsOf(environment: Environment, home: string): S3Options {
  const set = (...names: string[]): string | undefined =>
    names.map((name) => environment[name]).find((value) => value !== undefined && value !== '');
  const isTrue = (text = ''): boolean => /^(?:yes|true|on|1)$/i.test(text);
  const profile = set('AWS_PROFILE', 'AWS_DEFAULT_PROFILE');
  const files = {
    credentials: set('AWS_SHARED_CREDENTIALS_FILE') ?? join(home, '.aws', 'credentials'),
    config: set('AWS_CONFIG_FILE') ?? join(home, '.aws', 'config'),
  };
  const [accessKeyId, secretAccessKey] = [set('AWS_ACCESS_KEY_ID'), set('AWS_SECRET_ACCESS_KEY')];
  const hosting = set('AWS_VIRTUAL_HOSTING');
  const ofEnvironment =
    accessKeyId !== undefined && secretAccessKey !== undefined
      ? { accessKeyId, secretAccessKey, sessionToken: set('AWS_SESSION_TOKEN') }
      : null;
  const isUnsigned = isTrue(set('AWS_NO_SIGN_REQUEST'));
  return {
    credentials: isUnsigned ? null : (ofEnvironment ?? (() => credentialsOf(profile, files))),
    region: set('AWS_REGION', 'AWS_DEFAULT_REGION'),
    endpoint: endpointOf(set('AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL', 'AWS_S3_ENDPOINT'), set('AWS_HTTPS')),
    pathStyle: hosting === undefined ? undefined : !isTrue(hosting),
    requesterPays: set('AWS_REQUEST_PAYER') === 'requester',
  };
}

/** GDAL's variable names a host without a scheme. */
function endpointOf(endpoint: string | undefined, https = 'YES'): string | undefined {
  if (endpoint === undefined || /^https?:\/\//i.test(endpoint)) return endpoint;
  return `${/^(?:no|false|off|0)$/i.test(https) ? 'http' : 'https'}://${endpoint}`;
}

interface Files {
  readonly credentials: string;
  readonly config: string;
}

/** The keys of a profile; null if none is named and there is no default profile. */
async function credentialsOf(profile: string | undefined, files: Files): Promise<S3Credentials | null> {
  const name = profile ?? 'default';
  const [credentials, config] = await Promise.all([readIni(files.credentials), readIni(files.config)]);
  const found = { ...config?.get(name === 'default' ? name : `profile ${name}`), ...credentials?.get(name) };
  const { aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey } = found;
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    if (profile === undefined) return null;
    throw invalidInput(
      files.credentials,
      `has no keys of the profile "${profile}"`,
      'add aws_access_key_id and aws_secret_access_key to it, or set AWS_PROFILE to another one',
    );
  }
  return { accessKeyId, secretAccessKey, sessionToken: found.aws_session_token };
}

/** The sections of a file of `NAME = VALUE` lines; null where there is no such file. */
async function readIni(path: string): Promise<Map<string, Record<string, string>> | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR') return null;
    throw cannotOpen(path, cause);
  }
  const sections = new Map<string, Record<string, string>>();
  let section: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const [, heading] = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line) ?? [];
    const [, name, value] = /^([a-z_0-9]+)\s*=\s*(.*?)\s*$/i.exec(line) ?? [];
    if (heading !== undefined) {
      section = {};
      sections.set(heading, section);
    } else if (name !== undefined) section[name.toLowerCase()] = value;
  }
  return sections;
}
