#!/usr/bin/env python3
"""Prints the PDFs of sets and scans them again: the same truth, without a text layer.

    benchmarks/scanned.py DATA OUT SET ... [--dpi 150]

Each page is drawn in grey, turned by up to 0.8 degrees, blurred a little, made fainter and noisy, and saved as a JPEG in a PDF; the same
for the same file, every time. OUT is then to `goals.py` what DATA is. Needs pdftoppm (poppler-utils), Pillow and numpy.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import tempfile

import numpy
from PIL import Image, ImageFilter

NOISE = 6
TURN = 0.8
BLUR = 0.6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--dpi", type=int, default=150)
    options = parser.parse_args()
    for name in options.sets:
        lines = [line for line in (options.data / name / "truth.jsonl").read_text().splitlines() if line.strip()]
        (options.out / name / "docs").mkdir(parents=True, exist_ok=True)
        for number, line in enumerate(lines):
            scan(options.data / name, options.out / name, json.loads(line)["file"], number, options.dpi)
        (options.out / name / "truth.jsonl").write_text("\n".join(lines) + "\n")
    for part in ["score.py", "templates"]:
        if not (options.out / part).exists():
            (options.out / part).symlink_to((options.data / part).resolve())


def scan(source, target, file, seed, dpi):
    if not file.lower().endswith(".pdf"):
        shutil.copy(source / file, target / file)
        return
    random = numpy.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as work:
        command = ["pdftoppm", "-r", str(dpi), "-gray", source / file, f"{work}/page"]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        pages = [worn(Image.open(page), random) for page in sorted(pathlib.Path(work).glob("*.pgm"))]
    pages[0].save(target / file, save_all=True, append_images=pages[1:], resolution=dpi, quality=60)


def worn(page, random):
    angle = float(random.uniform(-TURN, TURN))
    page = page.rotate(angle, resample=Image.BICUBIC, fillcolor=255).filter(ImageFilter.GaussianBlur(BLUR))
    pixels = numpy.asarray(page, dtype=float) * 0.9 + 15
    return Image.fromarray((pixels + random.normal(0, NOISE, pixels.shape)).clip(0, 255).astype("uint8"))


if __name__ == "__main__":
    main()
