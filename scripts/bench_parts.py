"""What the measurements of scripts/bench share: a platform to measure, load on it, questions to it, and the rows of the table."""

import datetime
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = pathlib.Path(os.environ.get("BENCH_PROGRAMS", ROOT / "target" / "release"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "60"))
METERS = int(os.environ.get("BENCH_METERS", "100000"))
SHORT = max(3, SECONDS // 6)
DAY = datetime.timedelta(days=1)
PROFILE = ROOT / "gridtally" / "demo-data" / "res_15.csv"
TARIFF = ROOT / "billing-service" / "src" / "world" / "household.json"
# Households with bills, those of a long bill run, and their month: local midnights as instants.
BILLED = min(500, METERS)
BILL_RUN = min(10_000, METERS)
MONTH = ("2025-12-31T23:00:00Z", "2026-01-31T23:00:00Z")
MONTH_READINGS = 31 * 96


class Server:
    """A `gridtally up` of its own, on free ports and an empty folder."""

    def __init__(self):
        self.data = pathlib.Path(tempfile.mkdtemp(prefix="gridtally-bench-"))
        self.start()

    def start(self):
        self.began = time.monotonic()
        listen = [f"--{port}-listen=127.0.0.1:0" for port in ("device", "staff", "metrics")]
        command = [PROGRAMS / "gridtally", "up", "--data", self.data, *listen]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.ready = json.loads(self.process.stdout.readline())
        self.started = time.monotonic() - self.began

    def token(self, role, subject):
        command = [PROGRAMS / "gridtally", "token", "issue", "--role", role, "--subject", subject, "--ttl", "12h", "--data", self.data]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def load(self, *args):
        file = self.data / "token"
        file.write_text(self.token("device", "*"))
        command = [PROGRAMS / "gridtally-simulator", "load", "--endpoint", f"http://{self.ready['device_grpc']}", "--token-file", file]
        return run_load([*command, *args])

    def get(self, path):
        return json.loads(Asker(self, self.viewer).ask("GET", path))

    def memory(self, field="VmRSS"):
        """Mebibytes."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
        return float("nan")

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        """However far it got: no process, no folder."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.remove()

    def remove(self):
        shutil.rmtree(self.data, ignore_errors=True)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def register(self, meters=METERS, billed=BILLED):
        """Every meter at a point of its own, in 10 regions, so that readings land in windows and not among the unknown."""
        self.viewer = self.token("viewer", "bench")
        objects = []
        for n in range(meters):
            meter, point, region = f"load-{n:07}", f"point-{n:07}", f"region-{n % 10}"
            objects.append({"meter": {"id": meter}})
            objects.append({"service_point": {"id": point, "zone": "Europe/Berlin", "region": region, "tariff_class": "household"}})
            objects.append({"installation": {"id": f"at-{n:07}", "meter_id": meter, "service_point_id": point, "from": "2020-01-01T00:00:00+01:00"}})
        objects.append({"account": {"id": "bench", "currency": "EUR"}})
        objects.append({"calendar": {"id": "bench"}})
        objects.append({"tariff": {"id": "bench", "body": TARIFF.read_text()}})
        for n in range(min(billed, meters)):
            terms = [{"tariff_id": "bench", "calendar_id": "bench"}]
            whose = {"account_id": "bench", "service_point_id": f"point-{n:07}"}
            objects.append({"agreement": {"id": f"agreed-{n:07}", **whose, "from": MONTH[0], "to": MONTH[1], "assignments": terms}})
        file = self.data / "register.json"
        file.write_text(json.dumps(objects))
        began = time.monotonic()
        done = subprocess.run([PROGRAMS / "gridtally", "register", "import", file, "--output", "csv", "--data", self.data], stdout=subprocess.DEVNULL)
        file.unlink()
        if done.returncode:
            sys.exit("the register was refused")
        note(f"registered {meters:,} meters in {time.monotonic() - began:.0f} s")

    def folder_bytes(self):
        return sum(file.stat().st_blocks * 512 for file in self.data.rglob("*") if file.is_file())


class Asker:
    """Asks the staff port over one connection."""

    def __init__(self, server, token):
        self.connection = http.client.HTTPConnection(server.ready["staff_http"], timeout=60)
        self.headers = {"authorization": "Bearer " + token, "content-type": "application/json"}

    def ask(self, method, path, body=None):
        self.connection.request(method, "/api/v1/" + path, body, self.headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            sys.exit(f"{path}: {answer.status} {content.decode()}")
        return content


def spread(seconds):
    ordered = sorted(seconds) or [float("nan")]
    at = lambda share: ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000
    return f"p50 {at(0.5):.1f} ms, p99 {at(0.99):.1f} ms"


def run_load(command):
    done = subprocess.run([*command, "--output", "json"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr}")
    return json.loads(done.stdout)


def empty(*args):
    return run_load([PROGRAMS / "gridtally-simulator", "load", "--empty-server", *args])


def note(text):
    print(text, file=sys.stderr, flush=True)


def thousands(value):
    return f"{value:,.0f}"


def milliseconds(micros):
    return f"{micros / 1000:.2f} ms"


rows = []


def row(name, found, limit, target):
    rows.append((name, found, limit, target))
    note(f"{name}: {found} | limit {limit} | target {target}")


def compared(name, ours, limit, target):
    share = ours["readings_per_second"] / limit["readings_per_second"]
    latency = ours["latency_us"]
    found = f"{thousands(ours['readings_per_second'])}/s, p50 {milliseconds(latency['p50'])}, p99 {milliseconds(latency['p99'])}"
    row(name, found, f"{thousands(limit['readings_per_second'])}/s; ours is {share:.0%}", target)


def wait_queryable(server, ours, ended, target="<= 5 s (T1)"):
    accepted = ours["readings"]
    # A local day may begin before its first UTC midnight.
    begin = (datetime.datetime.fromisoformat(ours["first_start"]) - DAY).isoformat()
    end = datetime.datetime.fromisoformat(ours["last_start"]) + DAY
    query = f"usage?by=region&resolution=1d&limit=10000&from={begin.replace('+', '%2B')}&to={end.isoformat().replace('+', '%2B')}"
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        answer = server.get(query)
        counted = sum(int(window["readings"]) for window in answer["items"])
        # What was answered with RETRY may be there or not; what is being computed again may count twice for a while.
        if accepted <= counted <= accepted + ours["retried"] and (counted == accepted or not answer["recomputing"]):
            break
        time.sleep(0.05)
    row("all of it stored, in the windows, queryable", f"{time.monotonic() - ended:.1f} s after the last receipt ({thousands(counted)} of {thousands(accepted)} counted)", "", target)
