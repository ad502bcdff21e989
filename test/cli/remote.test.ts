import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Outcome, PROGRAM } from '../support/command.js';
import { temporaryFolder } from '../support/files.js';
import { S3_KEY, type S3Server, startS3 } from '../support/s3-server.js';

const scene = resolve('test/fixtures/geotiff/scaled-uint16.tif');
let server: S3Server;
let folder: string;
let environment: Record<string, string>;

beforeAll(async () => {
  folder = await temporaryFolder();
  server = await startS3('box');
  environment = {
    HOME: folder,
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_ACCESS_KEY_ID: S3_KEY.accessKeyId,
    AWS_SECRET_ACCESS_KEY: S3_KEY.secretAccessKey,
    TERRACHIP_CACHE: join(folder, 'cache'),
  };
});

/** Runs the command with its own environment variables. */
function terrachip(env: Record<string, string>, ...args: string[]): Promise<Outcome> {
  const options = { cwd: folder, env: { PATH: process.env.PATH, ...environment, ...env } };
  return new Promise((done) => {
    execFile(process.execPath, [PROGRAM, ...args], options, (error, stdout, stderr) => {
      done({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe('terrachip with an object store', () => {
  it('copies, lists and reads with the keys of the environment', async () => {
    const copied = await terrachip({}, 'cp', scene, 's3://box/maps/');
    expect(copied).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('s3://box/maps/scaled-uint16.tif: '),
    });
    const { size } = JSON.parse((await terrachip({}, 'ls', 's3://box/maps/', '--json')).stdout).files[0];
    expect(size).toBe((await readFile(scene)).length);
    const info = await terrachip({}, 'info', 's3://box/maps/scaled-uint16.tif', '--json');
    expect(JSON.parse(info.stdout)).toMatchObject({ path: 's3://box/maps/scaled-uint16.tif', width: 12 });
  });

  it('reports a refused key in one sentence, without secrets', async () => {
    const env = { AWS_SECRET_ACCESS_KEY: 'hidden-secret', AWS_SESSION_TOKEN: 'hidden-token' };
    const { status, stdout, stderr } = await terrachip(env, 'ls', 's3://box/', '--json', '--debug');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^terrachip: s3:\/\/box\/ answered 403: .*SignatureDoesNotMatch/);
    expect(stdout + stderr).not.toMatch(/hidden|Signature=|AWS4-HMAC/);
    const kept = await readdir(join(folder, 'cache'), { recursive: true }).catch(() => []);
    expect(kept.join()).not.toMatch(/hidden|box/);
  });

  it('reports a missing profile', async () => {
    const env = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_PROFILE: 'lost' };
    const { status, stderr } = await terrachip(env, 'ls', 's3://box/');
    expect(status).toBe(2);
    expect(stderr).toMatch(/has no keys of the profile "lost"; add aws_access_key_id/);
  });
});
