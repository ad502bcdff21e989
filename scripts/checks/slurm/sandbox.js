// Slurm on this machine: a controller and some nodes, as processes of root with their files in one folder. Nodes have fake
// cores, no GPU and no cgroup limits: jobs, arrays, dependencies, requeues and lost nodes behave as on a cluster.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { attempt, requirePackages, run } from '../programs.js';

const CORES = 4;
const MEMORY_MB = 4000;

/** The scripts of some packages would start services, unless this file of Debian exists. */
const POLICY = '/usr/sbin/policy-rc.d';

/** Installs Slurm without starting its services. */
async function install() {
  const isOurs = !existsSync(POLICY);
  if (isOurs) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await requirePackages(['munge', 'slurm-client', 'slurmctld', 'slurmd']);
  } finally {
    if (isOurs) rmSync(POLICY);
  }
}

/** @returns unused TCP ports */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise((resolve, reject) => {
          server.on('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server.address().port));
        }),
    ),
  );
  for (const server of servers) server.close();
  return ports;
}

function configuration(folder, host, [controller, ...ports]) {
  const nodes = ports.map(
    (port, k) =>
      `NodeName=n${k + 1} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${port} CPUs=${CORES} RealMemory=${MEMORY_MB} State=UNKNOWN`,
  );
  return `ClusterName=check
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${controller}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
# Requeued jobs wait until their credentials have expired: five seconds are the least.
AuthInfo=socket=${join(folder, 'munge', 'socket')},cred_expire=5
StateSaveLocation=${join(folder, 'state')}
SlurmdSpoolDir=${join(folder, 'spool')}/%n
SlurmctldPidFile=${join(folder, 'slurmctld.pid')}
SlurmdPidFile=${join(folder, 'slurmd.%n.pid')}
SlurmctldLogFile=${join(folder, 'slurmctld.log')}
SlurmdLogFile=${join(folder, 'slurmd.%n.log')}
# More cores than the machine has.
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
MailProg=/bin/true
SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
KillWait=3
MinJobAge=3600
# A node that does not answer for so many seconds is lost.
SlurmdTimeout=10
ReturnToService=1
${nodes.join('\n')}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;
}

/** Processes of the sandbox: children of this one, each with its output in a file. */
class Daemons {
  #running = new Map();

  start(name, command, args, env) {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: 'ignore' });
    child.on('error', () => undefined);
    this.#running.set(name, child);
    return child;
  }

  /** Ends a process and waits for it. */
  async stop(name, signal = 'SIGTERM') {
    const child = this.#running.get(name);
    this.#running.delete(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const hard = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(hard);
  }

  async stopAll() {
    for (const name of [...this.#running.keys()].reverse()) await this.stop(name);
  }
}

/** The processes of the jobs on a node, and those of Slurm that watch them. */
function processesOf(node, conf) {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const read = (pid, name) => {
    try {
      return readFileSync(join('/proc', pid, name), 'latin1');
    } catch {
      return '';
    }
  };
  const jobs = processes.filter((pid) => {
    const variables = read(pid, 'environ').split('\0');
    return variables.includes(`SLURMD_NODENAME=${node}`) && variables.includes(`SLURM_CONF=${conf}`);
  });
  const parents = jobs.map((pid) => /^PPid:\t(\d+)$/m.exec(read(pid, 'status'))?.[1] ?? '');
  const watchers = parents.filter((pid) => read(pid, 'cmdline').startsWith('slurmstepd'));
  return new Set([...watchers, ...jobs].map(Number));
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process has already ended.
  }
}

/**
 * Starts Slurm with nodes n1, n2, …
 * @param folder an empty folder
 */
export async function startSlurm(folder, nodes) {
  await install();
  for (const name of ['state', 'spool', 'munge']) mkdirSync(join(folder, name));
  // Every user may request a credential.
  chmodSync(folder, 0o755);
  chmodSync(join(folder, 'munge'), 0o711);
  const key = join(folder, 'munge', 'key');
  writeFileSync(key, randomBytes(1024), { mode: 0o400 });
  const conf = join(folder, 'slurm.conf');
  const host = hostname().split('.')[0];
  writeFileSync(conf, configuration(folder, host, await freePorts(nodes + 1)));
  const env = { SLURM_CONF: conf };
  const daemons = new Daemons();
  const munge = (name) => `--${name}=${join(folder, 'munge', name.replace('-file', ''))}`;
  const files = ['key-file', 'socket', 'pid-file', 'log-file', 'seed-file'].map(munge);
  daemons.start('munged', 'munged', ['--foreground', '--force', ...files]);
  const slurmctld = () => daemons.start('slurmctld', 'slurmctld', ['-D', '-c'], env);
  const slurmd = (node) => daemons.start(node, 'slurmd', ['-D', '-N', node], env);
  const names = Array.from({ length: nodes }, (_, k) => `n${k + 1}`);
  const call = (command, ...args) => run(command, args, { env });

  /** @returns the lines of the output */
  const ask = async (command, ...args) => (await call(command, ...args)).trim().split('\n').filter(Boolean);
  const states = async () => {
    const { stdout } = await attempt('sinfo', ['-h', '-N', '-o', '%N %t'], { env });
    return new Set(stdout.trim().split('\n'));
  };
  const until = async (what, holds, seconds) => {
    const deadline = Date.now() + seconds * 1000;
    while (!(await holds())) {
      if (Date.now() > deadline) throw new Error(`${what} took more than ${seconds} s\n${logs()}`);
      await sleep(200);
    }
  };
  const logs = () =>
    ['slurmctld.log', ...names.map((name) => `slurmd.${name}.log`)]
      .map((name) => join(folder, name))
      .filter(existsSync)
      .map((path) => readFileSync(path, 'utf8').trim().split('\n').slice(-15).join('\n'))
      .join('\n');

  const stop = async () => {
    await attempt('scancel', ['--user=root', '--full'], { env }).catch(() => undefined);
    await daemons.stopAll();
  };
  try {
    await until('munged', () => existsSync(join(folder, 'munge', 'socket')), 20);
    slurmctld();
    for (const name of names) slurmd(name);
    const isIdle = async () => {
      const seen = await states();
      return names.every((name) => seen.has(`${name} idle`));
    };
    await until('the start of Slurm', isIdle, 60);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    env,
    ask,
    until,
    /** Kills all processes of a node at once: after a while, the controller considers it lost. */
    async lose(node) {
      const killed = processesOf(node, conf);
      for (const pid of killed) kill(pid);
      await daemons.stop(node, 'SIGKILL');
    },
    stop,
  };
}
