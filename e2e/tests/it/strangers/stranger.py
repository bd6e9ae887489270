"""What a stranger makes of the servers of an instance, with clients that are not ours and code generated from the published .proto files.

    stranger.py GENERATED bind AMQP_URL PREFIX           a queue of the stranger's own on the exchange `events`
    stranger.py GENERATED event AMQP_URL PREFIX          the bill that was issued, from that queue
    stranger.py GENERATED message AMQP_URL PREFIX METER  readings of a meter that wait for billing, which are left there
    stranger.py GENERATED bill MONGODB_URI ID            an issued bill in the store
    stranger.py GENERATED draft REDIS_URL AGREEMENT      a draft in the cache, and whether its time is bounded

Prints one line of JSON.
"""

import json
import sys

import pika
import pymongo
import redis

sys.path.insert(0, sys.argv[1])
from gridtally.billing.v1 import billing_pb2  # noqa: E402
from gridtally.meter.v1 import columns_pb2  # noqa: E402

PATIENCE_SECONDS = 20
# how stored documents begin
SCHEMA = b"\x01"
CHECKSUM_BYTES = 4


def channel(url):
    return pika.BlockingConnection(pika.URLParameters(url)).channel()


def first(connected, queues, is_wanted=lambda _body: True):
    """(properties, body, queue, tag) of the first message in one of the queues that is wanted; it stays there unless it is acknowledged."""
    found = []
    for queue in queues:
        def take(_channel, method, properties, body, queue=queue):
            if is_wanted(body):
                found.append((properties, body, queue, method.delivery_tag))
        connected.basic_consume(queue, take)
    waited = 0
    while not found and waited < PATIENCE_SECONDS:
        connected.connection.process_data_events(time_limit=1)
        waited += 1
    return found[0]


def shown(bill):
    return {"id": bill.id, "number": bill.number, "status": bill.status, "total": bill.total, "lines": len(bill.lines)}


def kept(data):
    """A bill as it is stored: the number of the layout, then the message."""
    assert data[:1] == SCHEMA, data[:8]
    return billing_pb2.Bill.FromString(data[1:])


def bind(url, prefix):
    connected = channel(url)
    connected.queue_declare(f"{prefix}stranger", durable=True)
    connected.queue_bind(f"{prefix}stranger", f"{prefix}events", "bill.issued")
    return {}


def event(url, prefix):
    connected = channel(url)
    properties, body, queue, tag = first(connected, [f"{prefix}stranger"])
    connected.basic_ack(tag)
    connected.queue_delete(queue)
    return {"type": properties.type, **shown(billing_pb2.Bill.FromString(body))}


def message(url, prefix, meter):
    def is_of_meter(body):
        return meter in columns_pb2.ReadingColumns.FromString(body).meters.split("\n")

    properties, body, queue, _ = first(channel(url), [f"{prefix}billing.readings.{shard}" for shard in range(8)], is_of_meter)
    columns = columns_pb2.ReadingColumns.FromString(body)
    # a column in which every row has the default is left out
    offsets = columns.offset_ms or [0] * len(columns.value)
    return {
        "queue": queue.removeprefix(prefix), "type": properties.type, "content_type": properties.content_type, "id": properties.message_id,
        "persistent": properties.delivery_mode == 2, "schema": columns.schema, "meters": columns.meters.split("\n"),
        "starts_ms": [columns.base_ms + offset for offset in offsets], "micro_kwh": list(columns.value),
    }


def bill(uri, name):
    document = pymongo.MongoClient(uri).get_default_database()["bills"].find_one({"_id": name})
    return {**shown(kept(bytes(document["data"]))), "view_total": document["view"]["total"], "schema": document["schema"]}


def draft(url, agreement):
    cache = redis.Redis.from_url(url)
    for key in cache.scan_iter("gridtally:1:*:draft|*"):
        content = cache.get(key)
        found = kept(content[CHECKSUM_BYTES:]) if content else None
        if found and found.agreement_id == agreement:
            return {**shown(found), "ttl_seconds": cache.ttl(key)}
    return {}


print(json.dumps(globals()[sys.argv[2]](*sys.argv[3:])))
