#!/usr/bin/env python3
"""What a running server does with 10,000 documents in one batch.

    benchmarks/load.py [--postgres] [--documents 10000] [--only batch,exports,cancel,quota,workers] [--sheaf FILE]

  batch    creation of the batch; status polls while it runs, 20 a second, each next to one of
           /healthz, which does nothing; how long five documents of
           another account that come in the middle wait, and how many of the large batch's start meanwhile
  exports  seconds and the server's peak memory for each format, at a tenth of the documents and at all of them, each in a
           server that has done nothing else
  cancel   what starts after the answer, and how long what runs goes on
  quota    100 creations of 7 documents at once by an account with 500: 71 fit
  workers  documents a second with 1, 2 and 4 worker processes of one slot each (with --postgres; the server has none)

The documents are the born-digital ones of demo/, each made different by a few bytes at its end. Server, workers, database and
this client share the machine. PostgreSQL is a throwaway server with its default, durable settings.
"""
import argparse
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEY = "sheaf_live_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
PARTS = ["batch", "exports", "cancel", "quota", "workers"]
A_FORM = 500


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--only", type=lambda text: text.split(","), default=PARTS)
    parser.add_argument("--sheaf", default=str(ROOT / "target/release/sheaf"))
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        work = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(dir=".", prefix="load-")))
        instance = Instance(options.sheaf, work, postgres(stack) if options.postgres else None)
        database = "PostgreSQL" if options.postgres else "SQLite"
        print(f"{options.documents} documents on {database}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        with instance.server(workers=0) as server:
            documents = upload(server, options.documents)
            template = server.post("/v1/templates", json.loads((ROOT / "demo/invoice.json").read_text()))["id"]
        load = Load(instance, documents, template)
        for part in PARTS:
            if part in options.only and (part != "workers" or options.postgres):
                getattr(load, part)()


class Load:
    def __init__(self, instance, documents, template):
        self.instance, self.documents, self.template = instance, documents, template

    def create(self, client, documents, template=None):
        body = {"template_id": template or self.template, "document_ids": documents}
        return client.post("/v1/batches", body, expect=202)["id"]

    def batch(self):
        with self.instance.server(workers=os.cpu_count()) as server:
            other = self.instance.account("other@example.org", server)
            others_template = other.post("/v1/templates/starter-invoice", {})["id"]
            others_documents = upload(other, 5)
            started = time.monotonic()
            batch = self.create(server, self.documents)
            print(f"creation of the batch: {(time.monotonic() - started) * 1000:.0f} ms")

            polls, stop = [], threading.Event()
            polling = threading.Thread(target=poll, args=(server.another(), batch, polls, stop))
            polling.start()
            time.sleep(2)
            started = time.monotonic()
            small = self.create(other, others_documents, others_template)
            other.wait(small)
            waited = time.monotonic() - started
            server.wait(batch)
            stop.set()
            polling.join()

            rows = server.extractions(batch)
            theirs = [when(row["started_at"]) for row in other.extractions(small)]
            made = when(other.get(f"/v1/batches/{small}")["created_at"])
            between = sum(made < when(row["started_at"]) <= max(theirs) for row in rows)
            print(f"five documents of another account: ended after {waited:.2f} s; {between} of the large batch started meanwhile")
            seconds = span(rows)
            print(f"the batch: {seconds:.1f} s, {len(rows) / seconds:.0f} documents/s")
            for name, seconds in (("status", [poll[0] for poll in polls]), ("/healthz", [poll[1] for poll in polls])):
                print(f"{len(polls)} polls of {name} while it ran: {quantiles(seconds)}")

    def exports(self):
        with self.instance.server(workers=os.cpu_count()) as server:
            batches = []
            for n in (len(self.documents) // 10, len(self.documents)):
                batches.append((n, self.create(server, self.documents[:n])))
            for _, batch in batches:
                server.wait(batch)
        for format in ("csv", "json", "jsonl", "xlsx"):
            for n, batch in batches:
                with self.instance.server(workers=0) as server:
                    before = server.peak_memory()
                    started = time.monotonic()
                    size = server.download(f"/v1/batches/{batch}/export?format={format}")
                    seconds = time.monotonic() - started
                    print(
                        f"export of {n} as {format}: {seconds:.2f} s, {size / 1e6:.1f} MB, "
                        f"server's peak {before:.0f} -> {server.peak_memory():.0f} MB"
                    )

    def cancel(self):
        with self.instance.server(workers=os.cpu_count()) as server:
            batch = self.create(server, self.documents)
            time.sleep(2)
            started = time.monotonic()
            answer = server.post(f"/v1/batches/{batch}/cancel", {}, expect=200)
            answered, seconds = time.time(), time.monotonic() - started
            server.wait(batch)
            ended = time.time() - answered
            rows = server.extractions(batch)
            late = sum(row["started_at"] is not None and when(row["started_at"]) > answered for row in rows)
            counts = answer["counts"]
            print(
                f"cancel: answered after {seconds * 1000:.0f} ms with {counts['running']} running and "
                f"{counts['cancelled']} cancelled; {late} started after the answer, all had ended {ended * 1000:.0f} ms after it"
            )

    def quota(self):
        with self.instance.server(workers=0) as server:
            account = self.instance.account("free@example.org", server, plan="free")
            template = account.post("/v1/templates/starter-invoice", {})["id"]
            documents = upload(account, 7)
            body = {"template_id": template, "document_ids": documents}

            def attempt(_):
                return account.another().request("POST", "/v1/batches", json.dumps(body), JSON)[0]

            with concurrent.futures.ThreadPoolExecutor(100) as pool:
                statuses = list(pool.map(attempt, range(100)))
            used = account.get("/v1/usage")["used"]
            made = len(account.get("/v1/batches?limit=500")["data"])
            counted = {status: statuses.count(status) for status in sorted(set(statuses))}
            print(f"100 creations of 7 at once with 500 left: {counted}, {made} batches, {used} used")
            if (statuses.count(202), statuses.count(402), made, used) != (71, 29, 71, 497):
                sys.exit("that is wrong")

    def workers(self):
        documents = self.documents[: max(len(self.documents) // 4, 1)]
        rates = []
        for n in (1, 2, 4):
            with self.instance.server(workers=0) as server, contextlib.ExitStack() as stack:
                batch = self.create(server, documents)
                for _ in range(n):
                    stack.enter_context(self.instance.process("worker", "--workers", "1"))
                server.wait(batch)
                rates.append(len(documents) / span(server.extractions(batch)))
            print(f"{n} worker processes: {rates[-1]:.0f} documents/s, {rates[-1] / rates[0]:.2f} of one")


class Instance:
    """The store, and processes on it."""

    def __init__(self, sheaf, folder, database):
        self.sheaf, self.folder = sheaf, folder
        self.environment = {**os.environ, "SHEAF_DATA": str(folder), "SHEAF_BOOTSTRAP_KEY": KEY, "RUST_LOG": "warn"}
        if database:
            self.environment["SHEAF_DATABASE_URL"] = database

    @contextlib.contextmanager
    def process(self, *arguments):
        with open(self.folder / "log", "ab") as log:
            process = subprocess.Popen([self.sheaf, *arguments], env=self.environment, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()

    @contextlib.contextmanager
    def server(self, workers):
        port = free_port()
        with self.process("serve", "--listen", f"127.0.0.1:{port}", "--workers", str(workers)) as process:
            client = Client(port, KEY, process.pid)
            client.wait_until_ready()
            yield client

    def account(self, email, server, plan="unlimited"):
        for arguments in (["user", "add", email, "--plan", plan], ["key", "create", "--user", email]):
            done = subprocess.run([self.sheaf, *arguments], env=self.environment, capture_output=True, text=True, check=True)
        key = next(word for word in (done.stdout + done.stderr).split() if word.startswith("sheaf_live_"))
        return Client(server.port, key, server.pid)


JSON = {"Content-Type": "application/json"}


class Client:
    """One connection that is kept."""

    def __init__(self, port, key, pid):
        self.port, self.key, self.pid = port, key, pid
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)

    def another(self):
        return Client(self.port, self.key, self.pid)

    def request(self, method, path, body=None, headers={}):
        self.connection.request(method, path, body, {"Authorization": f"Bearer {self.key}", **headers})
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def get(self, path):
        status, body = self.request("GET", path)
        if status != 200:
            sys.exit(f"{path}: {status} {body!r}")
        return json.loads(body)

    def post(self, path, body, expect=201):
        status, answer = self.request("POST", path, json.dumps(body), JSON)
        if status != expect:
            sys.exit(f"{path}: {status} {answer!r}")
        return json.loads(answer)

    def download(self, path):
        self.connection.request("GET", path, headers={"Authorization": f"Bearer {self.key}"})
        answer, size = self.connection.getresponse(), 0
        while chunk := answer.read(1 << 16):
            size += len(chunk)
        return size

    def wait(self, batch):
        while self.get(f"/v1/batches/{batch}")["status"] in ("pending", "running"):
            time.sleep(0.02)

    def wait_until_ready(self):
        for _ in range(600):
            try:
                if self.request("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                self.connection.close()
            time.sleep(0.05)
        sys.exit("the server does not become ready")

    def extractions(self, batch):
        rows, cursor = [], ""
        while cursor is not None:
            page = self.get(f"/v1/batches/{batch}/extractions?limit=500&cursor={cursor}")
            rows.extend(page["data"])
            cursor = page["next_cursor"]
        return rows

    def peak_memory(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1000


def upload(client, n):
    sources = [path.read_bytes() for path in sorted((ROOT / "demo/documents").glob("*.pdf"))[:12]]
    ids, started = [], time.monotonic()
    for first in range(0, n, A_FORM):
        body = bytearray()
        for i in range(first, min(first + A_FORM, n)):
            body += f'--b-o-u-n-d\r\nContent-Disposition: form-data; name="file"; filename="{i:05}.pdf"\r\n\r\n'.encode()
            body += sources[i % len(sources)] + f"% {i}\r\n".encode()
        body += b"--b-o-u-n-d--\r\n"
        headers = {"Content-Type": "multipart/form-data; boundary=b-o-u-n-d"}
        status, answer = client.another().request("POST", "/v1/documents", bytes(body), headers)
        if status != 201:
            sys.exit(f"upload: {status} {answer!r}")
        ids.extend(document["id"] for document in json.loads(answer)["data"])
    if n > A_FORM:
        print(f"upload in forms of {A_FORM}: {n / (time.monotonic() - started):.0f} documents/s")
    return ids


def poll(client, batch, polls, stop):
    """Each status next to /healthz, which does nothing: so much is the machine's."""
    while not stop.is_set():
        before = time.monotonic()
        client.get(f"/v1/batches/{batch}")
        between = time.monotonic()
        client.get("/healthz")
        polls.append((between - before, time.monotonic() - between))
        time.sleep(0.05)


def quantiles(seconds):
    cuts = statistics.quantiles(seconds, n=100)
    return f"p50 {cuts[49] * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms, slowest {max(seconds) * 1000:.1f} ms"


def when(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def span(rows):
    return max(when(row["finished_at"]) for row in rows) - min(when(row["started_at"]) for row in rows)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def postgres(stack):
    """A durable server in a temporary folder; its URL."""
    programs = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    folder = stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp", prefix="load-postgres-"))
    as_user = []
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    subprocess.run(
        [*as_user, programs / "initdb", f"--pgdata={folder}/data", "--auth=trust", "--username=sheaf"],
        check=True, stdout=subprocess.DEVNULL, cwd="/",
    )
    settings = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}"]
    server = subprocess.Popen(
        [*as_user, programs / "postgres", "-D", f"{folder}/data", *settings], stderr=subprocess.DEVNULL, cwd="/"
    )
    stack.callback(lambda: (server.send_signal(signal.SIGINT), server.wait()))
    while subprocess.run([programs / "pg_isready", "--quiet", f"--host={folder}"]).returncode:
        time.sleep(0.1)
    return f"postgres://sheaf@localhost/postgres?host={folder}"


if __name__ == "__main__":
    main()
