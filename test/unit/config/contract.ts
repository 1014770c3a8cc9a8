/** The configuration as the project's contract shows it, word for word. */
export const CONTRACT_YAML = `
kafka:
  brokers: [localhost:9092]
  clientId: intercom-kafka
  ssl: false                     # true, or {ca, cert, key} as file paths
  sasl: null                     # {mechanism: plain|scram-sha-256|scram-sha-512|oauthbearer, …}
  compression: zstd              # none|gzip|snappy|lz4|zstd
schemaRegistry:                  # Confluent-compatible REST API
  url: http://localhost:8081
  auth: null                     # {username, password} or {token} or {tokenEndpoint, clientId, clientSecret, scope}
  ssl: null                      # {ca, cert, key} as file paths
  register: always               # never: schemas are looked up; one that is missing fails the table with its text and the command that registers it
  compatibility: keep            # keep: what the subject or the registry has, BACKWARD where neither has any; or a level to set
topics:
  prefix: intercom               # topic = {prefix}.{connection}.{table}
  partitions: 3
  replicationFactor: -1          # -1: the broker's default
  config: {}                     # extra topic settings; cleanup.policy is always compact
  create: true                   # false: refuse to start when one is missing
state:
  topic: intercom.state          # compacted
  partitions: 16                 # upper bound of instances that share the connections
  group: intercom-kafka          # the consumer group that shares them
http:                            # health, metrics, status page, webhooks; null turns it off
  host: 127.0.0.1
  port: 9464
defaults: {}                     # any key of a connection below, for all of them
connections:
  - name: acme                   # [a-z0-9_-]{1,40}, unique
    region: us                   # us|eu|au, or baseUrl: http://… for a simulator
    apiVersion: "2.16"           # Intercom-Version
    credentials:                 # one of the two forms
      accessToken: \${ACME_INTERCOM_TOKEN}
      # clientId: …  clientSecret: …  tokenFile: .intercom-kafka/acme.token   (the token as plain text, mode 0600; \`connect\` writes it)
    gateway: null                # http(s) forward proxy URL; null: none
    startDate: 2024-01-01T00:00:00Z   # older records of incremental tables are not replicated
    schedule: "*/5 * * * *"      # cron, 5 or 6 fields (with seconds), in UTC; null: back to back
    lookback: 15m                # re-read behind the bookmark, for records that the search index shows late
    rateLimit: 1.0               # share of the app's request budget that this connection may use
    deletes: {reconcile: "0 3 * * *", webhooks: true}
    values: flat                 # flat: sinks anywhere; nested: records and arrays of records
    customAttributes: columns    # columns: typed fields beside the JSON; json: the JSON alone
    tables:                      # the tables named; left out: all eleven
      contacts: {}
      companies: {schedule: "0 * * * *"}
      conversation_parts: {exclude: [body], hash: [author.email]}
`;
