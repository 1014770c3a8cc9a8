package example;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/**
 * Reads Confluent's wire format: a zero, the schema's id in four bytes, the Avro body. In a project that may use Confluent's repository,
 * {@code GenericAvroSerde} is the same with more to it; this needs Maven Central alone.
 */
final class RegistryAvro implements Serde<GenericRecord> {
  private final HttpClient http = HttpClient.newHttpClient();
  private final Map<Integer, GenericDatumReader<GenericRecord>> readers = new ConcurrentHashMap<>();
  private final String registry;

  RegistryAvro(String registry) {
    this.registry = registry;
  }

  @Override
  public Serializer<GenericRecord> serializer() {
    return (topic, record) -> {
      throw new UnsupportedOperationException("records are only read here");
    };
  }

  @Override
  public Deserializer<GenericRecord> deserializer() {
    return (topic, bytes) -> {
      if (bytes == null) return null;
      ByteBuffer header = ByteBuffer.wrap(bytes, 1, 4);
      GenericDatumReader<GenericRecord> reader = readers.computeIfAbsent(header.getInt(), this::fetch);
      try {
        return reader.read(null, DecoderFactory.get().binaryDecoder(bytes, 5, bytes.length - 5, null));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    };
  }

  private GenericDatumReader<GenericRecord> fetch(int id) {
    try {
      HttpRequest request = HttpRequest.newBuilder(URI.create(registry + "/schemas/ids/" + id)).build();
      String reply = http.send(request, HttpResponse.BodyHandlers.ofString()).body();
      String schema = new ObjectMapper().readTree(reply).get("schema").textValue();
      return new GenericDatumReader<>(new Schema.Parser().parse(schema));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
