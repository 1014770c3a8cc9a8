/**
 * Serves one connection for as long as this instance owns it. When a session ends, the loop starts another
 * one.
 */

import type { ConnectionConfig } from '../config/config.js';
import { asPublisherError, type ErrorCode, type PublisherError } from '../model/errors.js';
import { pause } from '../model/pause.js';
import type { TableName } from '../model/table-names.js';
import { firstCause } from '../sync/cycle.js';
import { Schedule } from '../sync/schedule.js';
import { openApi } from './api.js';
import { Session } from './session.js';
import type { SessionContext } from './session-context.js';
import { TableControls } from './table-controls.js';

const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 5 * 60_000;
/**
 * After one of these errors this instance may no longer be the owner. The group reports that with one of the
 * next heartbeats.
 */
const MAYBE_LOST = new Set<ErrorCode>(['fenced', 'kafka-transaction-timeout']);
const MAYBE_LOST_WAIT_MS = 3_000;
/** Tables without a schedule are read back to back, but not faster than this. */
const MIN_CYCLE_INTERVAL_MS = 200;
/** A cycle of a table that is paused may end by itself for so long; its session ends then. */
const PAUSED_WITHIN_MS = 5_000;

export class ConnectionLoop {
  readonly #context: SessionContext;
  readonly #connection: ConnectionConfig;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  /** Starts at once. */
  constructor(context: SessionContext, connection: ConnectionConfig) {
    this.#context = context;
    this.#connection = connection;
    this.#done = this.#run();
  }

  /** Ends the session between two commits. Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const schedule = new Schedule(this.#connection.tables);
    let waitMs = FIRST_WAIT_MS;
    let isRestricted = false;
    while (!signal.aborted) {
      try {
        // While Intercom does not serve a workspace, one cheap request checks whether it does again.
        if (isRestricted) await this.#checkWorkspace();
        await this.#serve(schedule, () => {
          waitMs = FIRST_WAIT_MS;
          isRestricted = false;
        });
      } catch (thrown) {
        const error = asPublisherError(thrown);
        if (signal.aborted) break;
        const { name: connection } = this.#connection;
        const retryInMs = MAYBE_LOST.has(error.code) ? Math.max(waitMs, MAYBE_LOST_WAIT_MS) : waitMs;
        const isKnown = isRestricted && error.code === 'plan-restricted';
        isRestricted = error.code === 'plan-restricted';
        this.#context.events.emit('connection:failed', { connection, error, retryInMs, isKnown });
        await pause(retryInMs, signal).catch(() => undefined);
        waitMs = Math.min(waitMs * 2, MAX_WAIT_MS);
        schedule.allDue();
      }
    }
    schedule.stop();
  }

  /** Requests the workspace. Throws the error that Intercom answers. */
  async #checkWorkspace(): Promise<void> {
    const { api, transport } = await openApi(this.#connection, this.#context.events, this.#stop.signal);
    try {
      await api.workspace();
    } finally {
      await transport.close();
    }
  }

  /**
   * Starts a cycle whenever tables are due, until a failure reaches further than its tables, or a table is
   * paused while it is read. Throws that failure once all cycles have ended.
   */
  async #serve(schedule: Schedule, onCycle: () => void): Promise<void> {
    const { control } = this.#context;
    const { name: connection } = this.#connection;
    const failed = new AbortController();
    const paused = new AbortController();
    const broken = AbortSignal.any([this.#stop.signal, failed.signal]);
    const end = AbortSignal.any([broken, paused.signal]);
    const errors: PublisherError[] = [];
    await control.ready(this.#stop.signal);
    const session = await Session.open(this.#context, this.#connection, this.#stop.signal);
    const fail = (error: unknown) => {
      errors.push(asPublisherError(error));
      failed.abort();
    };
    void session.broken.then((error) => (error === null ? undefined : fail(error)));
    const controls = new TableControls({
      work: session.work,
      schedule,
      controlOf: (table) => control.of(connection, table),
      events: this.#context.events,
      retries: true,
      onPausedAtWork: () => paused.abort(),
      onFailure: fail,
    });
    const unsubscribe = control.subscribe(connection, (table) => controls.apply(table as TableName));
    const cycles = new Set<Promise<void>>();
    const start = async (due: readonly TableName[]) => {
      controls.started(due);
      await session.cycle(due, {
        onDone: (table, end) => {
          schedule.done(table, end);
          controls.done(table, end);
        },
      });
      onCycle();
    };
    try {
      while (!end.aborted) {
        const due = await schedule.next(end);
        if (due.length === 0) break;
        const cycle = start(due).catch(fail);
        cycles.add(cycle);
        void cycle.then(() => cycles.delete(cycle));
        await pause(MIN_CYCLE_INTERVAL_MS, end).catch(() => undefined);
      }
      // An answer waits for its table's lock, which a request to Intercom may hold for as long as it is retried.
      const atRest = Promise.all([...cycles, controls.settled()]);
      await (paused.signal.aborted
        ? Promise.race([atRest, pause(PAUSED_WITHIN_MS, broken).catch(() => undefined)])
        : atRest);
      controls.stop();
      if (errors.length === 0 && cycles.size === 0) await session.publishLastStates();
    } finally {
      unsubscribe();
      controls.stop();
      session.endRequests();
      await Promise.all(cycles);
      await controls.resynced();
      await session.close();
    }
    const others = paused.signal.aborted ? errors.filter(({ code }) => code !== 'stopped') : errors;
    if (others.length > 0) throw firstCause(others);
  }
}
