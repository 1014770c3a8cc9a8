# The publisher as a container: `docker build -t intercom-kafka .`, then see docs/deployment.md.

# Compiled once, on the platform of the builder: the result is the same for every platform.
FROM --platform=$BUILDPLATFORM node:24.11.1-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src src
RUN npm run build

# Compressions have native parts, for the platform of the image.
FROM node:24.11.1-bookworm-slim AS packages
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:24.11.1-bookworm-slim
LABEL org.opencontainers.image.title="intercom-kafka" \
      org.opencontainers.image.description="Publishes everything that changes in Intercom workspaces to compacted Kafka topics" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
COPY package.json LICENSE ./
COPY avro avro
COPY --from=packages /build/node_modules node_modules
COPY --from=build /build/dist dist

# Nothing is written but what tokenFile names: the root file system can be read-only.
# node, by number: then Kubernetes can tell that it is not root.
USER 1000
EXPOSE 9464

# The health check asks what `http` serves; in a container that has to listen on 0.0.0.0. Alive is enough: an instance that waits for Kafka is.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=6 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

ENTRYPOINT ["node", "--max-semi-space-size=32", "--heap-growing-percent=130", "/app/dist/cli/main.js"]
CMD ["run", "--config", "/etc/intercom-kafka/intercom-kafka.yaml", "--log-format", "json"]
