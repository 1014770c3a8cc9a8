/**
 * A server process on this machine that can be started, stopped, killed and restarted in the same directory.
 *
 * It never outlives the process that started it: a watchdog holds the other end of a pipe, and kills the
 * server when the pipe closes. The server has its own process group, so that a Ctrl-C in the terminal reaches
 * only this process, which then stops the server cleanly.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isPortFree } from './ports.js';

const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 20_000;
const POLL_MS = 50;
const LOG_TAIL_LINES = 30;

/**
 * Waits for the end of its input, when its parent process has ended. $1: process, $2: directory to remove or
 * empty.
 */
const WATCHDOG = 'read -r _; kill -9 "$1"; [ -z "$2" ] || rm -rf "$2"';

/** The directory of a server. */
export interface ServerDir {
  readonly path: string;
  /** Removed when the server is stopped. */
  readonly temporary: boolean;
}

/** How to start a server, and how to check that it is ready. */
export interface Launch {
  /** For messages. */
  readonly name: string;
  readonly port: number;
  readonly dir: ServerDir;
  /** Left out: `java`. */
  readonly program?: string;
  readonly args: readonly string[];
  /** The user of the process; left out: the user of this process. */
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly env: Readonly<Record<string, string>>;
  /** Prepares the directory before the first start. */
  readonly prepare?: () => Promise<void>;
  /** Called repeatedly with the server's output since its start. */
  readonly isReady: (output: string) => boolean | Promise<boolean>;
}

/** The given directory, made if need be, or a temporary one. */
export async function serverDir(name: string, given: string | undefined): Promise<ServerDir> {
  if (given === undefined) return { path: await mkdtemp(join(tmpdir(), `${name}-`)), temporary: true };
  const path = resolve(given);
  await mkdir(path, { recursive: true });
  return { path, temporary: false };
}

/** A server that has been started at least once; `start` is the only way to get one. */
export class LocalServer {
  private readonly launch: Launch;
  private child: ChildProcess | null = null;
  private starts = 0;

  private constructor(launch: Launch) {
    this.launch = launch;
  }

  /**
   * Starts the server, and waits until it is ready. @throws with the end of its log when it does not become
   * ready.
   */
  static async start(launch: Launch): Promise<LocalServer> {
    const server = new LocalServer(launch);
    try {
      await launch.prepare?.();
      await server.up();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  get port(): number {
    return this.launch.port;
  }

  get dir(): string {
    return this.launch.dir.path;
  }

  /** Of the running process, or of the last one. */
  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /**
   * Ends the process in order, by force after 20 seconds, and removes the directory if it is a temporary one.
   */
  async stop(): Promise<void> {
    await this.down();
    if (this.launch.dir.temporary) await rm(this.dir, { recursive: true, force: true });
  }

  /** Kills the process, as in a crash; returns at once. */
  kill(): void {
    this.child?.kill('SIGKILL');
  }

  /**
   * Ends the process in order, by force after 20 seconds, and keeps its directory: `restart` starts it again.
   */
  async halt(): Promise<void> {
    await this.down();
  }

  /** Pauses the process, as on a machine that hangs; `resume` continues it. */
  pause(): void {
    this.child?.kill('SIGSTOP');
  }

  resume(): void {
    this.child?.kill('SIGCONT');
  }

  /**
   * Waits for the process to end (stops it unless it was killed) and starts it with the same directory and
   * port.
   */
  async restart(): Promise<void> {
    await this.down();
    await this.up();
  }

  private async up(): Promise<void> {
    const { name, port } = this.launch;
    if (!(await isPortFree(port))) throw new Error(`${name} can't start: port ${port} is taken`);
    this.starts += 1;
    const log = openSync(this.logFile, 'w');
    const { program = 'java', args, user = {} } = this.launch;
    const child = spawn(program, args, {
      ...user,
      cwd: this.dir,
      env: { ...process.env, ...this.launch.env },
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    this.child = child;
    guard(child, this.launch.dir);
    await this.untilReady(child);
  }

  private async untilReady(child: ChildProcess): Promise<void> {
    const deadline = Date.now() + START_DEADLINE_MS;
    while (!(await this.launch.isReady(this.output()))) {
      if (hasEnded(child)) throw this.failure(`ended with ${child.exitCode ?? child.signalCode}`);
      if (Date.now() > deadline) throw this.failure(`was not ready after ${START_DEADLINE_MS / 1000} s`);
      await delay(POLL_MS);
    }
  }

  private async down(): Promise<void> {
    const child = this.child;
    if (child === null || hasEnded(child)) return;
    const ended = once(child, 'exit');
    child.ref();
    child.kill('SIGTERM');
    // A paused process handles no other signal.
    child.kill('SIGCONT');
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await ended;
    clearTimeout(force);
  }

  /** A file for each start, so that the log of a server that was killed is kept. */
  private get logFile(): string {
    return join(this.dir, `server-${this.starts}.log`);
  }

  private output(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  private failure(what: string): Error {
    const tail = this.output().trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
    return new Error(`${this.launch.name} ${what}; the end of its log:\n${tail}`);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Ends the server when this process ends. Neither of the two keeps this process running. */
function guard(child: ChildProcess, dir: ServerDir): void {
  const args = ['-c', WATCHDOG, 'watchdog', String(child.pid), dir.temporary ? dir.path : ''];
  const watchdog = spawn('sh', args, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  // Ends the watchdog first: once the server has ended, its process ID may belong to another process.
  child.once('exit', () => watchdog.kill('SIGKILL'));
  watchdog.unref();
  child.unref();
}
