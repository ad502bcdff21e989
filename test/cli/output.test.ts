import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { Output } from '../../src/cli/output.js';
import { printable, printableJson, printableLines } from '../../src/cli/printable.js';
import { resumeCommand } from '../../src/cli/resume.js';
import { formatLines } from '../../src/cli/table.js';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { writeCog } from '../../src/raster/node/index.js';
import { commandsIn, PROGRAM } from '../support/command.js';
import { temporaryFolder } from '../support/files.js';

const folder = await temporaryFolder();
const terrachip = commandsIn(folder);
const NAME = 'red\u001b[31m\u202e\u009b2J\r';
const SHOWN = 'red\\x1b[31m\\u202e\\x9b2J\\x0d';

/** Any control character except newlines and tabs. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for them
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

describe('a command to resume', () => {
  it('is the same with --resume, quoted for a shell, without signatures', () => {
    const bin = ['/usr/bin/node', '/usr/local/bin/terrachip'];
    expect(resumeCommand(bin, ['infer', 'my scene.json', '-o', "it's", '--overwrite'])).toBe(
      "terrachip infer 'my scene.json' -o 'it'\\''s' --resume",
    );
    expect(resumeCommand(['node', '/p/node_modules/.bin/terrachip'], ['embed', 'a.json', '--resume'])).toBe(
      'npx terrachip embed a.json --resume',
    );
    const signed = 'https://a.example/s.json?X-Amz-Signature=secret';
    expect(resumeCommand(['/opt/node', '/p/bin/terrachip.js'], ['infer', signed])).toBe(
      'node /p/bin/terrachip.js infer https://a.example/s.json --resume',
    );
  });
});

describe('progress without a terminal', () => {
  /** The lines printed for events, each at its time in seconds. */
  function linesOf(events: readonly (readonly [seconds: number, done: number])[]): string[] {
    let now = 0;
    const lines: string[] = [];
    const write = vi
      .spyOn(process.stderr, 'write')
      .mockImplementation((text) => lines.push(String(text)) > 0);
    const isTerminal = process.stderr.isTTY;
    process.stderr.isTTY = false;
    try {
      const output = new Output(false, undefined, () => now);
      for (const [seconds, done] of events) {
        now = 1000 * seconds;
        output.onProgress({ type: 'progress', stage: 'infer', done, total: 1000, unit: 'chips' });
        output.onProgress({ type: 'progress', stage: 'infer', done: 1, total: 3, unit: 'units' });
      }
    } finally {
      write.mockRestore();
      process.stderr.isTTY = isTerminal;
    }
    return lines.map((line) => line.trimEnd());
  }

  it('is a line at each tenth, with rate and time left', () => {
    // 10 chips per second.
    const events = Array.from({ length: 101 }, (_, second) => [second, 10 * second] as const);
    const lines = linesOf(events);
    expect(lines[0]).toBe('infer');
    expect(lines.slice(1)).toHaveLength(10);
    expect(lines[1]).toBe('infer 100/1000 chips, 10 chips/s, 2 min left');
    expect(lines.at(-1)).toBe('infer 1000/1000 chips, 10 chips/s');
  });

  it('is a line every half minute of a slow stage, and none of a quick one', () => {
    // A chip in five seconds, for half an hour: lines every 30 s after 0, 500, 1000 and 1500 s, which are tenths; 16, 16, 16
    // and 10 of them, and 3 at these tenths.
    const slow = linesOf(Array.from({ length: 361 }, (_, k) => [5 * k, k] as const));
    expect(slow.slice(1)).toHaveLength(61);
    expect(slow[2]).toBe('infer 12/1000 chips, 0.2 chips/s, 83 min left');
    expect(
      linesOf([
        [0, 0],
        [0.5, 500],
        [1, 1000],
      ]),
    ).toEqual(['infer']);
  });
});

describe('output', () => {
  beforeAll(async () => {
    await writeCog(join(folder, 'a.tif'), [new Uint8Array(4)], {
      geobox: new GeoBox(32631, new Affine(10, 0, 0, 0, -10, 0), 2, 2),
      bands: 1,
      dtype: 'uint8',
      descriptions: [NAME],
    });
  });

  it('has control characters escaped', () => {
    expect(printable(`${NAME}\n`)).toBe(`${SHOWN}\\n`);
    expect(printableLines(`${NAME}\n\tb`)).toBe(`${SHOWN}\n\tb`);
    expect(printable('ä\ud800 Zürich 東京 🌍')).toBe('ä\\ud800 Zürich 東京 🌍');
    expect(formatLines([['a\nb', 'c']])).toBe('a\\nb  c');
    const document = { [NAME]: [`${NAME}\n`] };
    const json = printableJson(document);
    expect(json).not.toMatch(CONTROL);
    expect(JSON.parse(json)).toEqual(document);
  });

  it('has no control character of a band name, and --json has the exact name', async () => {
    // GeoTIFF keeps names in XML, which has no escape character.
    const text = await terrachip('info', 'a.tif');
    expect(text).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('"red[31m\\u202e\\x9b2J\\x0d"'),
    });
    expect(text.stdout).not.toMatch(CONTROL);
    const { stdout } = await terrachip('info', 'a.tif', '--json');
    expect(stdout).not.toMatch(CONTROL);
    expect(JSON.stringify(JSON.parse(stdout))).toContain(JSON.stringify(NAME.replace('\u001b', '')));
  });

  it('has no control character of a file name in an error', async () => {
    for (const args of [['info', `${NAME}\nx`], [`warpp${NAME}`], ['info', 'a.tif', `--x${NAME}`]]) {
      const { status, stderr } = await terrachip(...args);
      expect(status).toBe(2);
      expect(stderr).toContain(SHOWN);
      expect(stderr.trimEnd()).not.toMatch(CONTROL);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    }
  });

  it('names an invalid address', async () => {
    expect(await terrachip('info', 'http://[bad/x.tif')).toMatchObject({
      status: 2,
      stderr: 'terrachip: http://[bad/x.tif is no valid URL; correct it.\n',
    });
  });

  it('may go to a closed pipe, or to no output', async () => {
    const shell = async (line: string): Promise<string> => {
      const script = `"$0" "$1" ${line}`;
      const { stdout, stderr } = await promisify(execFile)(
        'bash',
        ['-c', script, process.execPath, PROGRAM],
        {
          cwd: folder,
        },
      );
      return stdout + stderr;
    };
    expect(await shell('info a.tif --json | true; echo $PIPESTATUS')).toBe('0\n');
    expect(await shell('info none.tif 2>&1 >/dev/null | true; echo $PIPESTATUS')).toBe('2\n');
    expect(await shell('info a.tif >&-; echo $?')).toBe('0\n');
    expect(await shell('info none.tif 2>&-; echo $?')).toBe('2\n');
  });

  it('reports a full disk', async () => {
    const script = '"$0" "$1" info a.tif > /dev/full; echo $? >&2';
    const { stderr } = await promisify(execFile)('bash', ['-c', script, process.execPath, PROGRAM], {
      cwd: folder,
    });
    expect(stderr).toMatch(
      /^terrachip: the standard output cannot be written since the disk is full .*\n75\n$/,
    );
  });
});
