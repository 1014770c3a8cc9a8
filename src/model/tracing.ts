/**
 * Spans of OpenTelemetry, for an SDK that the operator loads into the process.
 *
 * Without an SDK no span records anything. A span that an error ends has the error's code and never its
 * message: a message may quote what another system answered.
 */

import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  type Span,
  SpanKind,
  type Link as SpanLink,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { asPublisherError } from './errors.js';
import { within } from './pause.js';

export type { SpanLink };

/** The name of the instrumentation scope. */
const SCOPE = 'intercom-kafka';

/** What a span is called, and what is known when it starts. */
export interface SpanPlan {
  readonly name: string;
  readonly kind?: keyof typeof SpanKind;
  readonly attributes: Attributes;
  /** Begins a trace of its own, for work that outlives what started it. */
  readonly isRoot?: boolean;
  readonly links?: readonly SpanLink[];
}

/** A span that was started. A span that is never ended is not exported. */
export class OpenSpan {
  readonly #span: Span;
  readonly #context: Context;

  /** Starts a span below the active one. */
  constructor({ name, kind = 'INTERNAL', attributes, isRoot = false, links = [] }: SpanPlan) {
    const parent = context.active();
    // An SDK that is loaded later is used from then on, so no tracer is kept.
    const tracer = trace.getTracer(SCOPE);
    const options = { kind: SpanKind[kind], attributes, root: isRoot, links: [...links] };
    this.#span = tracer.startSpan(name, options, parent);
    this.#context = trace.setSpan(parent, this.#span);
  }

  /** Does work whose spans belong below this one. */
  run<T>(work: () => T): T {
    return context.with(this.#context, work);
  }

  set(attributes: Attributes): void {
    this.#span.setAttributes(attributes);
  }

  /** Marks it as failed. A stop is no failure. */
  setError(error: unknown): void {
    const { code } = asPublisherError(error);
    this.#span.setAttribute('error.type', code);
    if (code !== 'stopped') this.#span.setStatus({ code: SpanStatusCode.ERROR });
  }

  end(): void {
    this.#span.end();
  }

  /** Ends it with the outcome. */
  endWith(outcome: Promise<unknown>): void {
    outcome.then(
      () => this.end(),
      (error: unknown) => {
        this.setError(error);
        this.end();
      },
    );
  }

  /** Its context in the form of W3C's `traceparent` header; null unless it is recorded and sampled. */
  get traceparent(): string | null {
    const { traceId, spanId, traceFlags } = this.#span.spanContext();
    const isSampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
    const isActive = this.#span.isRecording() && isSampled && isSpanContextValid(this.#span.spanContext());
    return isActive ? `00-${traceId}-${spanId}-01` : null;
  }
}

/** Does work within a span. The span ends with the work. */
export async function inSpan<T>(plan: SpanPlan, work: (span: OpenSpan) => Promise<T>): Promise<T> {
  return inOpenSpan(plan, async (span) => {
    const result = await work(span);
    span.end();
    return result;
  });
}

/** The same, but the work ends the span itself unless it throws: what it stands for may go on. */
export async function inOpenSpan<T>(plan: SpanPlan, work: (span: OpenSpan) => Promise<T>): Promise<T> {
  const span = new OpenSpan(plan);
  try {
    return await span.run(() => work(span));
  } catch (error) {
    span.setError(error);
    span.end();
    throw error;
  }
}

/** Work that was started and has an end. */
export interface StartedTask {
  /** Never rejects. */
  readonly ended: Promise<void>;
  /** What ended it early, or null. */
  readonly failure: unknown;
}

/** Starts a task that outlives the active span: its span has a trace of its own, with a link to that span. */
export function inOwnTrace<T extends StartedTask>(plan: SpanPlan, start: () => T): T {
  const span = new OpenSpan({ ...plan, isRoot: true, links: linksToActive() });
  const task = span.run(start);
  void task.ended.then(() => {
    if (task.failure !== null) span.setError(task.failure);
    span.end();
  });
  return task;
}

/** Links to the active span; none where there is none. */
export function linksToActive(): readonly SpanLink[] {
  const active = trace.getActiveSpan()?.spanContext();
  return active !== undefined && isSpanContextValid(active) ? [{ context: active }] : [];
}

/**
 * Has the SDK export the spans that have ended, where there is an SDK. An exporter that can't reach its
 * collector is waited for no longer than `maxMs`.
 */
export async function flushSpans(maxMs: number): Promise<void> {
  const global: unknown = trace.getTracerProvider();
  const provider = isProxy(global) ? global.getDelegate() : global;
  if (!canFlush(provider)) return;
  await within(maxMs, provider.forceFlush()).catch(() => undefined);
}

/** The API puts a provider in front of the SDK's, which alone can flush. */
function isProxy(provider: unknown): provider is { getDelegate(): unknown } {
  return typeof provider === 'object' && provider !== null && 'getDelegate' in provider;
}

function canFlush(provider: unknown): provider is { forceFlush(): Promise<void> } {
  return typeof provider === 'object' && provider !== null && 'forceFlush' in provider;
}
