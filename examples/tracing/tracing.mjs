/**
 * Loads OpenTelemetry's SDK before the publisher: `node --import ./tracing.mjs …`. Exporter, sampler and service
 * name come from the variables `OTEL_…`.
 */

import { isMainThread } from 'node:worker_threads';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

// The publisher's second thread has no spans.
if (isMainThread) {
  const resource = defaultResource().merge(detectResources({ detectors: [envDetector] }));
  const spanProcessors = [new BatchSpanProcessor(new OTLPTraceExporter())];
  new NodeTracerProvider({ resource, spanProcessors }).register();
}
