/** The memory that this process may take. */
import { readFile } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';

/**
 * Bytes that this process may use, including those in use: the free memory of the machine and of the process's control
 * groups. Cached files count as free.
 * @param root the folder of `/proc` and `/sys` (default: the root)
 */
export async function availableMemory(root = ''): Promise<number> {
  const groups = [await freeOfGroups(root, V2), await freeOfGroups(root, V1)];
  return process.memoryUsage.rss() + Math.max(0, Math.min(freeOfMachine(), ...groups));
}

/** macOS counts cached files as used, so that almost nothing is free. */
function freeOfMachine(): number {
  return process.platform === 'darwin' ? totalmem() : freemem();
}

/** Where a version of control groups keeps its numbers. */
interface GroupFiles {
  readonly folder: string;
  readonly limit: string;
  readonly used: string;
  /** The line of `memory.stat` with the bytes of files that are not in use. */
  readonly files: string;
  /** Whether a line of `/proc/self/cgroup` with these controllers names the group of memory. */
  readonly isMemory: (controllers: string) => boolean;
}

const V2: GroupFiles = {
  folder: '/sys/fs/cgroup',
  limit: 'memory.max',
  used: 'memory.current',
  files: 'inactive_file',
  isMemory: (controllers) => controllers === '',
};

const V1: GroupFiles = {
  folder: '/sys/fs/cgroup/memory',
  limit: 'memory.limit_in_bytes',
  used: 'memory.usage_in_bytes',
  files: 'total_inactive_file',
  isMemory: (controllers) => controllers.split(',').includes('memory'),
};

/** Larger limits mean none. */
const NO_LIMIT = 2 ** 50;

/** The least free memory of this process's group and its parents; infinite without a limit. */
async function freeOfGroups(root: string, names: GroupFiles): Promise<number> {
  const lines = (await textOf(`${root}/proc/self/cgroup`)).split('\n').map((line) => line.split(':'));
  const own = lines.find(([, controllers]) => controllers !== undefined && names.isMemory(controllers))?.[2];
  let least = Infinity;
  // In a container, the group itself lies at the root.
  for (const path of own === undefined ? [] : foldersAbove(own)) {
    const folder = `${root}${names.folder}${path}`;
    const limit = Number.parseInt(await textOf(`${folder}/${names.limit}`), 10);
    const used = Number.parseInt(await textOf(`${folder}/${names.used}`), 10);
    if (!(limit < NO_LIMIT && used >= 0)) continue;
    const files = new RegExp(`^${names.files} (\\d+)$`, 'm').exec(await textOf(`${folder}/memory.stat`));
    least = Math.min(least, limit - used + Math.min(used, Number(files?.[1] ?? 0)));
  }
  return least;
}

/** `/a/b`, `/a` and the empty path of the root, for `/a/b`. */
function foldersAbove(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '..');
  return [...parts.map((_, k) => `/${parts.slice(0, parts.length - k).join('/')}`), ''];
}

async function textOf(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(() => '')).trim();
}
