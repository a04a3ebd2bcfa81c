#!/usr/bin/env python3
"""Documents a second of a durable batch, next to a peer over the same files in the same run.

    benchmarks/speed.py FILES_OR_FOLDERS ... [--count 1000] [--runs 3] [--sheaf target/release/sheaf]

In turn, so that a drift of the machine's speed meets both:
  sheaf      sheaf batch FILES --workers 2 --out results.csv, from nothing to the written results: storing the files,
             reading, extracting, and every result committed with synchronous=FULL
  pdftotext  pdftotext -bbox FILE, two at a time by xargs: words and boxes only, nothing extracted, nothing kept
Files are repeated to make up the count. Prints wall seconds, documents a second, the ratio pair by pair, and the peak
memory of the largest process.
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--sheaf", default="target/release/sheaf")
    parser.add_argument("--template", type=pathlib.Path, default=pathlib.Path("demo/invoice.json"))
    options = parser.parse_args()
    if not shutil.which("pdftotext"):
        sys.exit("pdftotext is missing: install poppler-utils")

    sources = sorted(p for f in options.files for p in (f.glob("*.pdf") if f.is_dir() else [f]))
    if not sources:
        sys.exit("no PDF files there")
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        files = []
        (work / "in").mkdir()
        for i in range(options.count):
            copy = work / "in" / f"{i:05}.pdf"
            shutil.copy(sources[i % len(sources)], copy)
            files.append(copy)
        size = sum(f.stat().st_size for f in files)
        print(f"{options.count} documents from {len(sources)} files, {size / 1e6:.1f} MB, {os.cpu_count()} cores")

        ours, peers = [], []
        for run in range(options.runs + 1):
            pair = []
            for measure in (run_sheaf, run_pdftotext):
                pair.append(measure(options, work, files))
            # The first pair warms the caches.
            if run:
                ours.append(pair[0])
                peers.append(pair[1])
                print(f"run {run}: sheaf {pair[0][0]:.2f} s, pdftotext {pair[1][0]:.2f} s")
    report("sheaf batch", options.count, ours)
    report("pdftotext -bbox", options.count, peers)
    ratios = [a[0] / b[0] for a, b in zip(ours, peers)]
    print(f"ratio sheaf / pdftotext: median {statistics.median(ratios):.2f} (min {min(ratios):.2f}, max {max(ratios):.2f})")


def run_sheaf(options, work, files):
    shutil.rmtree(work / "data", ignore_errors=True)
    command = [
        options.sheaf, "batch", work / "in", "--template", options.template,
        "--out", work / "results.csv", "--data", work / "data", "--workers", "2",
    ]
    return timed(command, allowed=(0, 2))


def run_pdftotext(options, work, files):
    script = f"find '{work / 'in'}' -name '*.pdf' | xargs -P2 -I@ sh -c 'pdftotext -bbox @ - >/dev/null 2>&1 || true'"
    return timed(["sh", "-c", script], allowed=(0,))


def timed(command, allowed):
    """Wall seconds, and the largest resident set of any process of the command, in MB."""
    peak_file = tempfile.NamedTemporaryFile()
    command = [str(part) for part in command]
    started = time.monotonic()
    finished = subprocess.run(
        [sys.executable, "-c", WAITER, peak_file.name, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    seconds = time.monotonic() - started
    if finished.returncode not in allowed:
        sys.exit(finished.stderr.decode(errors="replace"))
    return seconds, int(pathlib.Path(peak_file.name).read_text()) / 1024


WAITER = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
open(sys.argv[1], 'w').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""


def report(name, count, runs):
    seconds = [run[0] for run in runs]
    median = statistics.median(seconds)
    print(
        f"{name}: median {median:.2f} s (min {min(seconds):.2f}, max {max(seconds):.2f}), "
        f"{count / median:.0f} documents/s, peak {max(run[1] for run in runs):.0f} MB in one process"
    )


if __name__ == "__main__":
    main()
