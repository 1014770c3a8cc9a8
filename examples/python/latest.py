"""The latest version of each contact, as a dictionary: read to the end once, without deleted rows.

python latest.py localhost:9092 http://localhost:8081/apis/ccompat/v7 intercom.acme.contacts
"""

import json
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext


def latest(brokers: str, registry_url: str, topic: str) -> dict[str, dict]:
    decode = AvroDeserializer(SchemaRegistryClient({"url": registry_url}))
    # The default of librdkafka, named because it matters: what was not committed is not read.
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": "latest-py",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    partitions = list(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
    consumer.assign([TopicPartition(topic, each, OFFSET_BEGINNING) for each in partitions])
    rows: dict[str, dict] = {}
    open_partitions = set(partitions)
    while open_partitions:
        message = consumer.poll(10)
        if message is None:
            raise TimeoutError(f"no answer from {brokers} for ten seconds")
        if message.error():
            open_partitions.discard(message.partition())  # its end
            continue
        (key,) = decode(message.key(), SerializationContext(topic, MessageField.KEY)).values()
        if message.value() is None:
            rows.pop(key, None)
        else:
            rows[key] = decode(message.value(), SerializationContext(topic, MessageField.VALUE))
    consumer.close()
    return rows


if __name__ == "__main__":
    for row in latest(*sys.argv[1:4]).values():
        print(json.dumps(row, default=str))
