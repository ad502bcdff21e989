import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { s3OptionsOf } from '../../src/io/node/credentials.js';
import { temporaryFolder } from '../support/files.js';

let home: string;
beforeAll(async () => {
  home = await temporaryFolder();
  await mkdir(join(home, '.aws'));
  await writeFile(
    join(home, '.aws', 'credentials'),
    '[default]\naws_access_key_id = A\naws_secret_access_key=s1\n\n[work]\r\naws_access_key_id = B\r\naws_secret_access_key = s2 =\r\naws_session_token = t\r\n',
  );
  await writeFile(
    join(home, '.aws', 'config'),
    '# comment\n[profile only-config]\naws_access_key_id = C\naws_secret_access_key = s3\ns3 =\n  max_concurrent_requests = 20\n',
  );
});

const credentialsOf = async (environment: Record<string, string>, folder = home) => {
  const { credentials } = s3OptionsOf(environment, folder);
  return typeof credentials === 'function' ? credentials() : credentials;
};

describe('credentials of S3', () => {
  it('come from the environment, else from a profile in the files', async () => {
    const keys = { AWS_ACCESS_KEY_ID: 'E', AWS_SECRET_ACCESS_KEY: 'se' };
    expect(await credentialsOf(keys)).toEqual({ accessKeyId: 'E', secretAccessKey: 'se' });
    expect(await credentialsOf({ ...keys, AWS_SESSION_TOKEN: 'x' })).toMatchObject({ sessionToken: 'x' });
    expect(await credentialsOf({})).toEqual({ accessKeyId: 'A', secretAccessKey: 's1' });
    expect(await credentialsOf({ AWS_PROFILE: 'work' })).toEqual({
      accessKeyId: 'B',
      secretAccessKey: 's2 =',
      sessionToken: 't',
    });
    expect(await credentialsOf({ AWS_PROFILE: 'only-config' })).toMatchObject({ accessKeyId: 'C' });
    const file = join(home, '.aws', 'credentials');
    expect(await credentialsOf({ AWS_SHARED_CREDENTIALS_FILE: file }, '/nowhere')).toMatchObject({
      accessKeyId: 'A',
    });
  });

  it('are null without files, or if requests must not be signed', async () => {
    expect(await credentialsOf({}, join(home, 'nobody'))).toBeNull();
    expect(await credentialsOf({ AWS_NO_SIGN_REQUEST: 'YES' })).toBeNull();
  });

  it('are required if a profile is named', async () => {
    await expect(credentialsOf({ AWS_PROFILE: 'lost' })).rejects.toThrow(
      /credentials has no keys of the profile "lost"; add aws_access_key_id/,
    );
  });
});

describe('settings of S3', () => {
  it('are those of Amazon’s tools and of GDAL', () => {
    const of = (environment: Record<string, string>) => s3OptionsOf(environment, home);
    expect(of({})).toMatchObject({ requesterPays: false });
    expect(of({}).endpoint).toBeUndefined();
    expect(of({ AWS_DEFAULT_REGION: 'eu-west-1' }).region).toBe('eu-west-1');
    expect(of({ AWS_ENDPOINT_URL: 'https://a.example' }).endpoint).toBe('https://a.example');
    expect(of({ AWS_S3_ENDPOINT: 'eodata.dataspace.copernicus.eu' }).endpoint).toBe(
      'https://eodata.dataspace.copernicus.eu',
    );
    expect(of({ AWS_S3_ENDPOINT: 'localhost:9000', AWS_HTTPS: 'NO' }).endpoint).toBe('http://localhost:9000');
    expect(of({ AWS_VIRTUAL_HOSTING: 'FALSE' }).pathStyle).toBe(true);
    expect(of({ AWS_REQUEST_PAYER: 'requester' }).requesterPays).toBe(true);
  });
});
