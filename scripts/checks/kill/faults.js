// Faults that must not result in a wrong map: damaged units, changed inputs and models, two processes at once, shards.
import {
  appendFileSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { complete } from './jobs.js';
import { copyFolder, filesIn, finish, hashesOf } from './processes.js';

/** Shards in any order, with one of them run twice. */
export async function checkShards(report, { jobs, infer }, folder, random) {
  for (const count of [1, 2, 3, 7]) {
    const output = join(folder, `shards-${count}`);
    const order = Array.from({ length: count }, (_, k) => k).sort(() => random() - 0.5);
    // A single shard is a whole run, and ends with the map.
    const runs = count === 1 ? order : [...order, order[0]];
    for (const shard of runs) await complete(infer(output, '--shard', `${shard}/${count}`));
    if (count > 1) await complete(['finalize', output, '-o', output]);
    report.same(`${count} shards in the order ${order.join()}`, hashesOf(output), jobs.infer.reference);
  }
}

/** The same run twice at once, and two different runs on one output. */
export async function checkTwoAtOnce(report, { jobs, infer }, folder) {
  for (const name of ['package', 'infer', 'embed']) {
    const { begin, goOn, reference } = jobs[name];
    const output = join(folder, `twice-${name}`);
    const ends = await Promise.all([finish(begin(output)), finish(begin(output))]);
    const statuses = ends.map(({ status }) => status).sort();
    // An existing store is not overwritten.
    const known = name === 'embed' ? [0, 2, 75] : [0, 75];
    report.check(`${name} twice at once: one ends`, statuses[0] === 0, statuses.join());
    report.check(
      `${name} twice at once: the other ends or is refused`,
      known.includes(statuses[1]),
      ends.map(({ output: text }) => text).join('\n'),
    );
    report.same(`${name} twice at once`, hashesOf(output), reference);
    report.same(`${name} again with --resume`, (await finish(goOn(output))).status, 0);
    report.same(`${name} after that`, hashesOf(output), reference);
  }
  const higher = join(folder, 'higher');
  await complete(infer(higher, '--threshold', '0.9'));
  const output = join(folder, 'both');
  const ends = await Promise.all([finish(infer(output)), finish(infer(output, '--threshold', '0.9'))]);
  report.same(
    'two runs on one output',
    ends.map(({ status }) => status),
    [0, 0],
  );
  const found = JSON.stringify(hashesOf(output));
  const whole = [hashesOf(higher), jobs.infer.reference].map((hashes) => JSON.stringify(hashes));
  report.check('the map is that of one of two runs', whole.includes(found), found);
}

/** Changes one byte in the middle of a file. */
function changeByte(path) {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] ^= 4;
  writeFileSync(path, bytes);
}

const DAMAGE = {
  removed: (shard) => rmSync(shard),
  emptied: (shard) => truncateSync(shard, 0),
  cut: (shard) => truncateSync(shard, statSync(shard).size - 1),
  changed: changeByte,
  'replaced by another': (shard, other) => copyFileSync(other, shard),
};

/** Damaged units of a finished run, and a damaged plan. */
export async function checkDamage(report, { jobs, infer }, folder) {
  const whole = join(folder, 'units');
  for (const [name, damage] of Object.entries(DAMAGE)) {
    const output = join(folder, `damage-${name.replaceAll(' ', '-')}`);
    copyFolder(`${whole}.run`, `${output}.run`);
    const shards = filesIn(`${output}.run`).filter((path) => /\/probability\/c\//.test(path));
    damage(shards[1], shards[2]);
    const { status, output: text } = await finish(['finalize', output, '-o', output]);
    report.same(`a unit that is ${name}: finalize`, status, 3);
    report.check(
      `a unit that is ${name} is named`,
      /unit 1 of .* is damaged: .*probability/.test(text),
      text,
    );
    await complete(infer(output, '--resume'));
    report.same(`a unit that is ${name}, computed again`, hashesOf(output), jobs.infer.reference);
  }
  const output = join(folder, 'changed-plan');
  copyFolder(`${whole}.run`, `${output}.run`);
  const plan = filesIn(`${output}.run`).find((path) => path.endsWith('plan.json'));
  writeFileSync(plan, readFileSync(plan, 'utf8').replace('"threshold": 0.5', '"threshold": 0.4'));
  const { status, output: text } = await finish(['finalize', output, '-o', output]);
  report.check('a plan that was changed is refused', status === 2 && text.includes('fingerprint'), text);
}

/** Inputs and weights that change between shards, before the run goes on, and before finalize. */
export async function checkChanges(report, { infer, event, model, scene }, folder) {
  const image = join(
    event,
    readdirSync(event).find((name) => /^s1-event-vh/.test(name)),
  );
  const { atimeMs, mtimeMs } = statSync(image);
  const restore = () => utimesSync(image, atimeMs / 1000, mtimeMs / 1000);
  const output = join(folder, 'changed-input');
  await complete(infer(output, '--shard', '0/2'));
  utimesSync(image, 1, 1);
  let end = await finish(infer(output, '--resume'));
  report.check(
    'a changed input is named by --resume',
    end.status === 2 && end.output.includes(image),
    end.output,
  );
  restore();
  await complete(infer(output, '--shard', '1/2'));
  utimesSync(image, 1, 1);
  end = await finish(['finalize', output, '-o', output]);
  report.check(
    'a changed input is named by finalize',
    end.status === 2 && end.output.includes(image),
    end.output,
  );
  report.same('nothing is published', filesIn(output), []);
  restore();
  await complete(['finalize', output, '-o', output]);

  const card = join(model, 'model.json');
  const before = readFileSync(card);
  const other = join(folder, 'changed-model');
  await complete(infer(other, '--shard', '0/2'));
  appendFileSync(card, '\n');
  end = await finish(infer(other, '--resume'));
  report.check('a changed model is named', end.status === 2 && end.output.includes('--model'), end.output);
  end = await finish(['finalize', other, '-o', other]);
  report.check(
    'finalize refuses a changed model',
    end.status === 2 && end.output.includes(model),
    end.output,
  );
  writeFileSync(card, before);

  end = await finish(infer(other, '--resume', '--batch', '3'));
  report.check(
    'options that differ are named',
    end.status === 2 && end.output.includes('--batch'),
    end.output,
  );
  await complete(infer(other, '--resume'));
  end = await finish(infer(other, '--resume'));
  report.check(
    'a finished map says so',
    end.status === 0 && end.output.includes('is finished already'),
    end.output,
  );
  report.check('the scene is unchanged', readFileSync(scene).length > 0);
}
