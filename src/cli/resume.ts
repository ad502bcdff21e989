/** The command that goes on with a job that was stopped. */
import { basename } from 'node:path';
import { isAddress } from '../io/schemes.js';
import { storedAddress } from '../io/signature.js';

/**
 * A command to paste into a shell: the same with `--resume`. Signatures of addresses are left out.
 * @param program how Node was started: its path, and that of the program
 * @param args the arguments of the program
 */
export function resumeCommand([node, script]: readonly string[], args: readonly string[]): string {
  const known = args.filter((arg) => arg !== '--resume' && arg !== '--overwrite');
  const words = [...programOf(node, script), ...known, '--resume'];
  return words.map((word) => quoted(isAddress(word) ? storedAddress(word) : word)).join(' ');
}

/** The words that start the program: its own name if that is on the PATH, as after `npm install -g`. */
function programOf(node: string, script: string): string[] {
  if (/[\\/]node_modules[\\/]\.bin[\\/]/.test(script)) return ['npx', basename(script)];
  return basename(script) === 'terrachip' ? ['terrachip'] : [basename(node), script];
}

/** A word as a POSIX shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
