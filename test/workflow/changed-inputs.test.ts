import { copyFileSync, renameSync, statSync, utimesSync } from 'node:fs';
import { cp, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { versionOf } from '../../src/io/http.js';
import { writeJson } from '../../src/io/node/output.js';
import { finalizeRun, type InferOptions, infer } from '../../src/workflow/index.js';
import { InputVersions } from '../../src/workflow/input-versions.js';
import { contents, temporaryFolder } from '../support/files.js';
import { answer, type RangeServer, startRangeServer } from '../support/http-server.js';
import { writeSarScene } from '../support/sar-scene.js';

const root = await temporaryFolder();
const original = join(root, 'original');
let scenes = 0;

/** A copy of the scene with the times of its files, and options to map it in two units. */
async function freshScene(): Promise<{ folder: string; image: string; options: InferOptions }> {
  const folder = join(root, `scene-${scenes++}`);
  await cp(original, folder, { recursive: true, preserveTimestamps: true });
  const options: InferOptions = {
    scene: join(folder, 'scene.json'),
    model: 'models/water-threshold',
    output: join(folder, 'map'),
    backend: 'cpu',
    threads: 0,
    rowsPerUnit: 256,
  };
  return { folder, image: join(folder, 's1-event.tif'), options };
}

/** Calls `change` when the first of two units is done. */
function afterFirstUnit(change: () => void): InferOptions['onProgress'] {
  return (event) => {
    if (event.type === 'progress' && event.unit === 'units' && event.done === 1) change();
  };
}

beforeAll(async () => {
  await writeSarScene(original, 3, 300);
});

describe('a file on the disk', () => {
  it.each<[string, (image: string) => void]>([
    ['gets another time', (image) => utimesSync(image, 1, 1)],
    [
      'is replaced by one of the same size and time',
      (image) => {
        const { atimeMs, mtimeMs } = statSync(image);
        copyFileSync(image, `${image}.new`);
        utimesSync(`${image}.new`, atimeMs / 1000, mtimeMs / 1000);
        renameSync(`${image}.new`, image);
      },
    ],
    ['is removed', (image) => renameSync(image, `${image}.away`)],
  ])('that %s while it is read stops the run', async (_, change) => {
    const { folder, image, options } = await freshScene();
    const running = infer({ ...options, onProgress: afterFirstUnit(() => change(image)) });
    await expect(running).rejects.toThrow(/s1-event\.tif (changed while it was being read|does not exist)/);
    expect(await readdir(folder)).not.toContain('map');
  });

  it('that changes before the run resumes is named', async () => {
    const { image, options } = await freshScene();
    await infer({ ...options, shard: { index: 0, count: 2 } });
    await utimes(image, 1, 1);
    await expect(infer({ ...options, resume: true })).rejects.toThrow(
      /has units that were made before [^,]*s1-event\.tif changed; restore the earlier file, or leave out `resume`\.$/,
    );
  });

  it('that changes before finalize is named', async () => {
    const { image, options } = await freshScene();
    await infer({ ...options, shard: { index: 0, count: 2 } });
    const { runFolder } = await infer({ ...options, shard: { index: 1, count: 2 } });
    const { atimeMs, mtimeMs } = statSync(image);
    utimesSync(image, 1, 1);
    await expect(finalizeRun(runFolder, options.output)).rejects.toThrow(
      /s1-event\.tif has changed since the run was planned; restore it, or run infer again\.$/,
    );
    expect(await readdir(options.output)).toEqual([]);
    utimesSync(image, atimeMs / 1000, mtimeMs / 1000);
    const { files } = await finalizeRun(runFolder, options.output);
    expect(await readdir(options.output)).toContain(basename(files.run));
  });

  it('that finalize cannot access causes a warning', async () => {
    const { image, options } = await freshScene();
    const { runFolder } = await infer({ ...options, keepRun: true });
    renameSync(image, `${image}.away`);
    const warnings: string[] = [];
    await finalizeRun(runFolder, options.output, {
      onProgress: (event) => event.type === 'warning' && warnings.push(event.message),
    });
    expect(warnings).toEqual([
      expect.stringMatching(/since the run was planned: .*s1-event\.tif does not exist/),
    ]);
  });

  it('has the same identity in another folder, and another one with a mask', async () => {
    const [one, other] = [await freshScene(), await freshScene()];
    const identity = (image: string): Promise<string> => new InputVersions().identityOf(image);
    const { size, mtimeMs } = statSync(one.image);
    expect(await identity(one.image)).toBe(`s1-event.tif:${size}:${Math.floor(mtimeMs)}`);
    expect(await identity(other.image)).toBe(await identity(one.image));
    await writeFile(`${one.image}.msk`, 'x');
    expect(await identity(one.image)).not.toBe(await identity(other.image));
  });

  it('with new statistics of a viewer beside it does not stop the run', async () => {
    const { image } = await freshScene();
    const versions = new InputVersions();
    await versions.identityOf(image);
    await writeFile(`${image}.aux.xml`, '<PAMDataset/>');
    await versions.requireUnchanged();
    await writeFile(`${image}.ovr`, 'x');
    await expect(versions.requireUnchanged()).rejects.toThrow('changed while it was being read');
  });

  it('may be in a folder that is one input', async () => {
    const { folder, image } = await freshScene();
    const versions = new InputVersions();
    const before = await versions.identityOf(folder);
    await versions.requireUnchanged();
    await utimes(image, 1, 1);
    await expect(versions.requireUnchanged()).rejects.toThrow(`${folder} changed while`);
    expect(await new InputVersions().identityOf(folder)).not.toBe(before);
  });
});

describe('a file on a server', async () => {
  const modified = 'Wed, 21 Oct 2015 07:28:00 GMT';
  const serve =
    (headers: (n: number) => Record<string, string>): RangeServer['fault'] =>
    (request, response, n) => {
      for (const [name, value] of Object.entries(headers(n))) response.setHeader(name, value);
      answer({ ...server, etag: null }, request, response);
      return true;
    };
  const server = await startRangeServer(new Uint8Array(1000));

  it.each<[string, (n: number) => Record<string, string>, unknown]>([
    ['entity tag', () => ({ etag: 'W/"a"', 'last-modified': modified }), '"a"'],
    ['last change', () => ({ 'last-modified': modified }), modified],
    ['last change, where tags vary', (n) => ({ etag: `"${n}"`, 'last-modified': modified }), modified],
    ['size alone', () => ({}), null],
  ])('is known by its %s', async (_, headers, expected) => {
    server.fault = serve(headers);
    expect(await versionOf(server.url)).toBe(JSON.stringify([expected, 1000]));
    server.fault = null;
  });

  it('has no version if the server refuses the request', async () => {
    server.fault = (_, response) => {
      response.writeHead(403).end();
      return true;
    };
    expect(await new InputVersions().identityOf(`${server.url}?sig=secret`)).toBe(server.url);
    server.fault = null;
  });

  it('that the server sends whole has the declared size', async () => {
    server.fault = (_, response) => {
      response.writeHead(200, { etag: '"b"', 'content-length': 1000 }).end(server.content);
      return true;
    };
    expect(await versionOf(server.url)).toBe('["\\"b\\"",1000]');
    server.fault = null;
  });

  describe('of a scene', async () => {
    const secret = 'hidden-signature';
    /** A scene whose second image is on the server, behind a signature. */
    const served = async (): Promise<{
      options: InferOptions;
      sign: (signature: string) => Promise<void>;
    }> => {
      const { folder, options } = await freshScene();
      const document = JSON.parse(await readFile(options.scene, 'utf8'));
      const images = document.inputs.S1RTC.phases.event;
      const sign = async (signature: string): Promise<void> => {
        const address = new URL(`${server.url}?layer=1&sv=2024&sig=${signature}`);
        [address.username, address.password] = ['someone', signature];
        for (const name of ['VV', 'VH']) images[name].href = address.href;
        await writeJson(options.scene, document);
      };
      server.content = await readFile(join(folder, 's1-event.tif'));
      server.etag = '"v1"';
      await sign(`${secret}-1`);
      return { options, sign };
    };

    it('that changes between two units stops the run', async () => {
      const { options } = await served();
      const onProgress = afterFirstUnit(() => {
        server.etag = '"v2"';
      });
      await expect(infer({ ...options, onProgress })).rejects.toThrow(
        /^http:\/\/127\.0\.0\.1:\d+\/file\.tif changed while it was being read; run again\.$/,
      );
      await expect(infer({ ...options, resume: true })).rejects.toThrow(
        /made before http:\/\/127\.0\.0\.1:\d+\/file\.tif\?layer=1 changed;/,
      );
    });

    it('that changes before finalize is named', async () => {
      const { options } = await served();
      const { runFolder } = await infer({ ...options, keepRun: true });
      server.etag = '"v2"';
      await expect(finalizeRun(runFolder, join(root, 'never'))).rejects.toThrow(
        /file\.tif has changed since the run was planned/,
      );
    });

    it('keeps its plan with a renewed signature, which is stored nowhere', async () => {
      const { options, sign } = await served();
      const first = await infer({ ...options, shard: { index: 0, count: 2 } });
      await sign(`${secret}-2`);
      const second = await infer({ ...options, resume: true, keepRun: true });
      expect(second.plan.fingerprint).toBe(first.plan.fingerprint);
      expect(second.unitsRun).toBe(1);
      const written = { ...(await contents(options.output)), ...(await contents(`${options.output}.run`)) };
      expect(Object.keys(written)).toEqual(expect.arrayContaining(['run.json', 'item.json']));
      for (const [name, bytes] of Object.entries(written)) {
        expect([name, Buffer.from(bytes, 'base64').includes(secret)]).toEqual([name, false]);
      }
    });
  });
});
