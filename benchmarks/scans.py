#!/usr/bin/env python3
"""Scans through a durable batch: speed next to a peer in the same run, and memory over a long one.

    benchmarks/scans.py throughput FILES_OR_FOLDERS ... [--count 200] [--template T.json] [--models FOLDER]
    benchmarks/scans.py memory     FILES_OR_FOLDERS ... [--count 2000] [--template T.json] [--models FOLDER]

  throughput  sheaf batch FILES --workers 2, from nothing to the written results, next to `tesseract FILE stdout`, two at a
              time by xargs; OMP_THREAD_LIMIT=1 for both.
  memory      the same batch; the resident memory of sheaf itself and of its readers, twice a second, the peak of each tenth
              of the time.
Files are repeated to make up the count.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

SCANS = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".pdf", ".docx", ".xlsx"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["throughput", "memory"])
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    parser.add_argument("--count", type=int)
    parser.add_argument("--sheaf", default="target/release/sheaf")
    parser.add_argument("--template", type=pathlib.Path, default=pathlib.Path("demo/invoice.json"))
    parser.add_argument("--models", type=pathlib.Path)
    options = parser.parse_args()
    options.count = options.count or {"throughput": 200, "memory": 2000}[options.part]
    os.environ["OMP_THREAD_LIMIT"] = "1"
    if options.models:
        os.environ["SHEAF_MODELS"] = str(options.models)

    sources = sorted(p for f in options.files for p in (f.iterdir() if f.is_dir() else [f]) if p.suffix.lower() in SCANS)
    if not sources:
        sys.exit("no scans there")
    with tempfile.TemporaryDirectory(dir=".", prefix="scans-") as work:
        work = pathlib.Path(work)
        (work / "in").mkdir()
        for i in range(options.count):
            source = sources[i % len(sources)]
            (work / "in" / f"{i:05}{source.suffix}").symlink_to(source.resolve())
        print(f"{options.count} documents from {len(sources)} files, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        {"throughput": throughput, "memory": memory}[options.part](options, work)


def sheaf(options, work):
    return [
        options.sheaf, "batch", work / "in", "--template", options.template,
        "--out", work / "results.csv", "--data", work / "data", "--workers", "2",
    ]


def throughput(options, work):
    if not shutil.which("tesseract"):
        sys.exit("tesseract is missing: install tesseract-ocr")
    peer = f"find -L '{work / 'in'}' -type f | xargs -P2 -I@ sh -c 'tesseract @ stdout >/dev/null 2>&1 || true'"
    seconds = {}
    for name, command in [("tesseract by xargs -P2", ["sh", "-c", peer]), ("sheaf batch", sheaf(options, work))]:
        start = time.monotonic()
        code = subprocess.run([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
        if code not in (0, 2):
            sys.exit(f"{name} ended with {code}")
        wall = time.monotonic() - start
        seconds[name] = wall
        print(f"{name}: {wall:.1f} s, {options.count / wall:.2f} documents/s")
    peer, ours = seconds.values()
    print(f"ratio sheaf / tesseract: {ours / peer:.2f}")


def memory(options, work):
    command = [str(part) for part in sheaf(options, work)]
    start = time.monotonic()
    with open(work / "progress", "wb") as progress:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=progress)
        samples = []
        while process.poll() is None:
            samples.append((time.monotonic() - start, resident(process.pid), *readers(process.pid)))
            time.sleep(0.5)
    if process.returncode not in (0, 2):
        sys.exit((work / "progress").read_text(errors="replace")[-2000:])
    print(f"{time.monotonic() - start:.0f} s; peak resident MB by tenth of the time: sheaf, its largest reader, all readers")
    for tenth in range(10):
        part = samples[len(samples) * tenth // 10 : len(samples) * (tenth + 1) // 10]
        if part:
            print(f"  {tenth + 1:2}: {max(s[1] for s in part):5.0f} {max(s[2] for s in part):5.0f} {max(s[3] for s in part):5.0f}")


def readers(parent):
    """The largest resident set of the children, and all of them together, in MB."""
    try:
        threads = pathlib.Path(f"/proc/{parent}/task").iterdir()
        children = [int(pid) for thread in threads for pid in (thread / "children").read_text().split()]
    except OSError:
        children = []
    sizes = [resident(pid) for pid in children]
    return max(sizes, default=0), sum(sizes)


def resident(pid):
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0


if __name__ == "__main__":
    main()
