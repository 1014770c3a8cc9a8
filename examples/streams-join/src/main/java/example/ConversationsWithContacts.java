package example;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

/**
 * Each conversation with the contact who began it, in a topic of its own that follows both: a new e-mail address of a contact changes all of
 * their conversations there, and a conversation that is deleted becomes a tombstone.
 *
 * <p>Arguments: bootstrap servers, registry URL, prefix, connection.
 */
public final class ConversationsWithContacts {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] args) throws Exception {
    String servers = args[0];
    String prefix = args[2] + "." + args[3];
    String output = prefix + ".conversations_with_contacts";
    createCompacted(servers, output);

    StreamsBuilder builder = new StreamsBuilder();
    Serde<GenericRecord> avro = new RegistryAvro(args[1]);
    KTable<String, String> contacts = table(builder, prefix + ".contacts", avro, List.of("id", "email", "name"));
    KTable<String, String> conversations =
        table(builder, prefix + ".conversations", avro, List.of("id", "state", "title", "contacts"));
    conversations
        .leftJoin(contacts, ConversationsWithContacts::contactOf, ConversationsWithContacts::joined)
        .toStream()
        .to(output, Produced.with(Serdes.String(), Serdes.String()));

    KafkaStreams streams = new KafkaStreams(builder.build(), settings(servers, output));
    CountDownLatch stopped = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> { streams.close(); stopped.countDown(); }));
    streams.start();
    stopped.await();
  }

  /** A table's topic by the ID in its Avro keys, with the fields that are wanted as JSON. Null values are deletions, and stay it. */
  private static KTable<String, String> table(
      StreamsBuilder builder, String topic, Serde<GenericRecord> avro, List<String> fields) {
    return builder.stream(topic, Consumed.with(avro, avro))
        .map((key, row) -> KeyValue.pair(key.get("id").toString(), row == null ? null : json(row, fields)))
        .toTable(Materialized.with(Serdes.String(), Serdes.String()));
  }

  private static String json(GenericRecord row, List<String> fields) {
    ObjectNode node = JSON.createObjectNode();
    for (String field : fields) node.put(field, row.get(field) == null ? null : row.get(field).toString());
    return node.toString();
  }

  /** The ID of the first contact of a conversation: in the flat form its contacts are JSON text. */
  private static String contactOf(String conversation) {
    String text = read(conversation).path("contacts").asText("[]");
    return Optional.ofNullable(read(text).path(0).path("id").textValue()).orElse("");
  }

  private static String joined(String conversation, String contact) {
    ObjectNode node = (ObjectNode) read(conversation);
    node.remove("contacts");
    node.set("contact", contact == null ? null : read(contact));
    return node.toString();
  }

  private static JsonNode read(String text) {
    try {
      return JSON.readTree(text);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static Properties settings(String servers, String application) {
    Properties properties = new Properties();
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, servers);
    properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    properties.put(StreamsConfig.consumerPrefix(ConsumerConfig.ISOLATION_LEVEL_CONFIG), "read_committed");
    properties.put(StreamsConfig.STATE_DIR_CONFIG, System.getProperty("state.dir", System.getProperty("java.io.tmpdir")));
    return properties;
  }

  private static void createCompacted(String servers, String topic) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers))) {
      if (admin.listTopics().names().get().contains(topic)) return;
      NewTopic compacted = new NewTopic(topic, Optional.of(3), Optional.empty());
      admin.createTopics(List.of(compacted.configs(Map.of("cleanup.policy", "compact")))).all().get();
    }
  }
}
