# Kafka Connect with Debezium's JDBC sink and Apicurio's Avro converter, as examples/connect-postgres has them.

FROM maven:3.9.11-eclipse-temurin-17 AS plugins
COPY dev/connect-pom.xml /build/pom.xml
# One after the other: the converter's jars must not meet the worker's, of which they have other versions.
RUN mvn --batch-mode --quiet --file /build/pom.xml -Dstack.dir=/plugins -Pworker generate-resources \
 && mvn --batch-mode --quiet --file /build/pom.xml -Dstack.dir=/plugins -Pconverter generate-resources

FROM apache/kafka:4.4.0
COPY --from=plugins /plugins/plugins /opt/kafka/plugins
COPY examples/compose/worker.properties /opt/kafka/config/worker.properties
ENV TZ=UTC
USER 1000
EXPOSE 8083
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=24 \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8083"]
ENTRYPOINT ["/opt/kafka/bin/connect-distributed.sh", "/opt/kafka/config/worker.properties"]
