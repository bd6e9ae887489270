"""The four services as programs on servers of their own: readings accepted by the broker's confirm (T3), with the store embedded and in
MongoDB (FerretDB here), what each program takes of memory, and how deep the queues get when the store stands still."""

import contextlib
import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

from bench_parts import METERS, PROGRAMS, ROOT, SECONDS, SHORT, Server, compared, empty, note, row, wait_queryable

TARGET = ">= 500,000/s (T3)"
NAMES = ["billing-service", "analytics-service", "ingestion-service", "api-gateway"]
FREE = "127.0.0.1:0"
# Asking the broker for the depth of its queues costs a second of a core.
LOOK_EVERY = 10
# FerretDB takes some 200 objects of the register a second.
METERS_IN_MONGODB = min(METERS, 5000)
# Of each queue, where the store stands still: little, so that the bound is reached.
SMALL_LIMIT_MIB = 16
STILL_SECONDS = 20


class Kept:
    """A server that scripts/test-servers keeps."""

    def __init__(self, name):
        command = [sys.executable, ROOT / "scripts/test-servers", "control", name]
        self.keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.tell("start")

    def tell(self, words):
        self.keeper.stdin.write(words + "\n")
        self.keeper.stdin.flush()
        answer = json.loads(self.keeper.stdout.readline() or '{"error": "its keeper ended"}')
        if "error" in answer:
            sys.exit(f"{words}: {answer['error']}")
        return answer["ok"]

    def end(self):
        self.keeper.stdin.close()
        self.keeper.wait()


class Services(Server):
    """The four programs, on a broker, a cache and a store."""

    def __init__(self, bus, store, cache, **settings):
        self.urls = ["--bus", bus, "--store", store, "--cache", cache]
        self.settings = {f"GRIDTALLY_{name.upper()}": value for name, value in settings.items()}
        super().__init__()

    def start(self):
        self.began = time.monotonic()
        self.programs, lines = {}, {}
        for name in NAMES:
            more = ["--staff-listen", FREE] if name == "api-gateway" else []
            for other in ("billing", "analytics", "ingestion"):
                wanted = name == "api-gateway" or (name, other) == ("analytics-service", "billing")
                if wanted:
                    more += [f"--{other}-url", f"http://{lines[f'{other}-service'][f'{other}_grpc']}"]
            command = [PROGRAMS / name, "--data", self.data, "--listen", FREE, "--metrics-listen", FREE, *self.urls, *more]
            environment = {**os.environ, **(self.settings if name != "api-gateway" else {})}
            with open(self.data / f"{name}.log", "ab") as log:
                self.programs[name] = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
            lines[name] = json.loads(self.programs[name].stdout.readline())
        self.ready = lines["api-gateway"]
        self.started = time.monotonic() - self.began

    def memory(self, field="VmRSS"):
        """Mebibytes of each."""
        found = {}
        for name, process in self.programs.items():
            for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
                if line.startswith(field + ":"):
                    found[name] = int(line.split()[1]) / 1024
        return found

    def end(self):
        for process in self.programs.values():
            if process.poll() is None:
                process.kill()
                process.wait()
        self.remove()

    def stop(self):
        for name in reversed(NAMES):
            self.programs[name].send_signal(signal.SIGTERM)
        for process in self.programs.values():
            process.wait(60)


class Depth(threading.Thread):
    """Looks at the queues of billing's readings now and then: the most that waited in all of them, and in one."""

    def __init__(self, broker, prefix):
        super().__init__(daemon=True)
        self.broker, self.queues = broker, f"{prefix}billing.readings."
        self.done = threading.Event()
        self.messages, self.in_one = 0, 0

    def run(self):
        while not self.done.wait(LOOK_EVERY):
            self.look()

    def look(self):
        lines = self.broker.tell("ctl list_queues name messages --no-table-headers").splitlines()
        waiting = [int(line.split("\t")[1]) for line in lines if line.startswith(self.queues)]
        self.messages, self.in_one = max(self.messages, sum(waiting)), max(self.in_one, *waiting)

    def end(self):
        self.done.set()
        self.join()
        self.look()
        return str(self)

    def __str__(self):
        return f"{self.messages:,} messages at most, {self.in_one:,} of them in one queue"


def shown(memory):
    return ", ".join(f"{name} {size:.0f} MiB" for name, size in memory.items())


def stream(kept, store, name, meters):
    prefix = f"{name.split()[-1].lower()}."
    services = Services(kept["rabbitmq"].url, store, kept["redis"].url, broker_prefix=prefix)
    with contextlib.ExitStack() as stack:
        stack.callback(services.end)
        services.register(meters)
        flags = ["--mode", "columns", "--meters", str(meters), "--from", datetime.date(2026, 3, 1).isoformat()]
        limit = empty(*flags, "--duration", f"{SHORT}s")
        depth = Depth(kept["rabbitmq"], prefix)
        depth.start()
        ours = services.load(*flags, "--duration", f"{SECONDS}s")
        ended = time.monotonic()
        memory = services.memory("VmHWM")
        found = depth.end()
        compared(f"four services, {name}, {meters:,} meters: stream, columns, batches of 1,000, {SECONDS} s", ours, limit, TARGET)
        row(f"their memory at most, {name}", shown(memory), "", "")
        row(f"waiting for billing, {name}", found, "512 MiB in a queue", "bounded (T3)")
        wait_queryable(services, ours, ended, "")
        services.stop()


def still(kept):
    """The store stands still while readings come as fast as they go: queues fill to their bound, then senders wait; nothing is lost."""
    settings = {"broker_prefix": "still.", "broker_limit": f"{SMALL_LIMIT_MIB}MiB"}
    services = Services(kept["rabbitmq"].url, kept["mongodb"].url + "/still", kept["redis"].url, **settings)
    with contextlib.ExitStack() as stack:
        stack.callback(services.end)
        services.register(METERS_IN_MONGODB)
        flags = ["--mode", "columns", "--meters", str(METERS_IN_MONGODB), "--from", datetime.date(2026, 3, 1).isoformat()]
        load = Loading(services, *flags, "--duration", f"{STILL_SECONDS * 2}s")
        load.start()
        time.sleep(STILL_SECONDS / 4)
        kept["mongodb"].tell("pause")
        time.sleep(STILL_SECONDS)
        depth = Depth(kept["rabbitmq"], "still.")
        depth.look()
        memory = services.memory("VmHWM")
        kept["mongodb"].tell("resume")
        load.join()
        name = f"store stalled for {STILL_SECONDS} s"
        row(f"waiting for billing, {name}", str(depth), f"{SMALL_LIMIT_MIB} MiB in a queue", "bounded (T3)")
        row(f"their memory at most, {name}", shown(memory), "", "")
        wait_queryable(services, load.ours, time.monotonic(), "")
        services.stop()


class Loading(threading.Thread):
    """A load beside which something happens."""

    def __init__(self, services, *flags):
        super().__init__()
        self.services, self.flags, self.ours = services, flags, None

    def run(self):
        self.ours = self.services.load(*self.flags)


def measure():
    with contextlib.ExitStack() as stack:
        kept = {}
        for name in ("rabbitmq", "mongodb", "redis"):
            kept[name] = Kept(name)
            stack.callback(kept[name].end)
        note("four services on RabbitMQ, Redis and FerretDB")
        stream(kept, "embedded:", "store embedded", METERS)
        stream(kept, kept["mongodb"].url + "/bench", "store MongoDB", METERS_IN_MONGODB)
        still(kept)
