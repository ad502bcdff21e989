// Runs commands that a test sends, one after the other, in its working folder. Node and the package load once.
import { fileURLToPath } from 'node:url';

const { main } = await import(fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url)));

/** Collects writes to a stream instead of writing them. */
function capture(stream) {
  let text = '';
  stream.write = (chunk) => {
    text += chunk;
    return true;
  };
  return () => {
    const taken = text;
    text = '';
    return taken;
  };
}
const stdout = capture(process.stdout);
const stderr = capture(process.stderr);

let last = Promise.resolve();
process.on('message', ({ id, args }) => {
  last = last.then(async () => {
    process.exitCode = 0;
    await main(args);
    for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error');
    process.send({ id, status: process.exitCode, stdout: stdout(), stderr: stderr() });
  });
});
process.on('disconnect', () => process.exit(0));
