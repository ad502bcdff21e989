// Loaded into the processes of a job: each waits after its first unit until the file CHECK_GO exists, so that a check can end
// it in the middle.
import { existsSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';

const go = process.env.CHECK_GO;
const { rename } = fs;
fs.rename = async (from, to) => {
  await rename(from, to);
  if (!/\/done\/\d+\.json$/.test(to)) return;
  while (!existsSync(go)) await sleep(50);
};
syncBuiltinESMExports();
