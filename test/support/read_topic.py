"""Reads a topic with librdkafka and fastavro, and prints each committed record as a line of JSON.

Confluent's own registry client and deserializer read the first records too, and must come to the same.

Nothing of the publisher is used: the schemas come from the registry by the IDs in the records, and the partition that each key belongs
to is computed by the client's own murmur2.

usage: read_topic.py BROKERS REGISTRY TOPIC
"""

import io
import json
import struct
import sys
import urllib.request
import uuid

import fastavro
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

# The deserializer makes dates of times, and Python's end at the year 9999: enough to see that it works.
COMPARED = 20

schemas = {}


def schema(registry, schema_id):
    if schema_id not in schemas:
        with urllib.request.urlopen(f"{registry}/schemas/ids/{schema_id}") as reply:
            schemas[schema_id] = fastavro.parse_schema(json.loads(json.load(reply)["schema"]))
    return schemas[schema_id]


def decode(registry, data):
    magic, schema_id = struct.unpack(">bI", data[:5])
    assert magic == 0, f"magic byte {magic}"
    parsed = schema(registry, schema_id)
    record = fastavro.schemaless_reader(io.BytesIO(data[5:]), without_logical_types(parsed))
    return record


def agrees(deserializer, topic, field, data, decoded):
    """Whether Confluent's deserializer finds the same, times aside."""
    try:
        read = deserializer(data, SerializationContext(topic, field))
    except (OverflowError, ValueError):
        return True
    numbers = (bool, int, float)
    return read.keys() == decoded.keys() and all(
        value == decoded[name] for name, value in read.items() if isinstance(value, (str, list, *numbers))
    )


def without_logical_types(node):
    """Times as the numbers they are: Python's dates end at the year 9999."""
    if isinstance(node, dict):
        return {key: without_logical_types(value) for key, value in node.items() if key != "logicalType"}
    return [without_logical_types(each) for each in node] if isinstance(node, list) else node


def murmur2(data):
    """The hash of Java's default partitioner."""
    mask = 0xFFFFFFFF
    h = (0x9747B28C ^ len(data)) & mask
    for at in range(0, len(data) - len(data) % 4, 4):
        k = int.from_bytes(data[at : at + 4], "little") * 0x5BD1E995 & mask
        k = (k ^ (k >> 24)) * 0x5BD1E995 & mask
        h = (h * 0x5BD1E995 & mask) ^ k
    rest = data[len(data) - len(data) % 4 :]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * 0x5BD1E995 & mask
    h = (h ^ (h >> 13)) * 0x5BD1E995 & mask
    return h ^ (h >> 15)


def main(brokers, registry, topic):
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": f"read-topic-{uuid.uuid4()}",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    partitions = consumer.list_topics(topic, 10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, each, OFFSET_BEGINNING) for each in partitions])
    deserializer = AvroDeserializer(SchemaRegistryClient({"url": registry}))
    compared = 0
    unread = set(partitions)
    while unread:
        message = consumer.poll(10)
        if message is None:
            sys.exit(f"no answer for {topic}")
        if message.error():
            unread.discard(message.partition())
            continue
        key, value = message.key(), message.value()
        record = {
            "key": decode(registry, key),
            "value": None if value is None else decode(registry, value),
            "partition": message.partition(),
            "offset": message.offset(),
            "timestamp": message.timestamp()[1],
            "headers": {name: text.decode() for name, text in message.headers() or []},
            "rightPartition": (murmur2(key) & 0x7FFFFFFF) % len(partitions) == message.partition(),
        }
        if value is not None and compared < COMPARED:
            compared += 1
            assert agrees(deserializer, topic, MessageField.KEY, key, record["key"]), record["key"]
            assert agrees(deserializer, topic, MessageField.VALUE, value, record["value"]), record["key"]
        print(json.dumps(record))
    consumer.close()


main(*sys.argv[1:])
