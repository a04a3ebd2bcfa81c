#!/usr/bin/env python3
"""Scores sheaf on sets of documents with known values.

    benchmarks/score.py DATA [SET ...] [--sheaf target/release/sheaf] [--errors N] [--json FILE]

DATA holds a folder for each set (`docs/`, `truth.jsonl`: a JSON object a line with `file`, `template`), `templates/NAME.json`
and the scorer `score.py`. Each set runs through `sheaf batch` as a user would run it, one batch a template; the export
is given to the scorer. PDF documents only: what else a set holds is left out and counted.
"""
import argparse
import collections
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("sets", nargs="*", default=["zugferd", "i2d", "vrdu_adbuy"])
    parser.add_argument("--sheaf", default="target/release/sheaf")
    parser.add_argument("--errors", type=int, default=0)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--template", help="this template of DATA/templates for every document")
    options = parser.parse_args()

    scorer = load_scorer(options.data / "score.py")
    table = []
    for name in options.sets:
        folder = options.data / name
        truth = [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines() if line.strip()]
        pdfs = [t for t in truth if t["file"].endswith(".pdf")]
        if len(pdfs) < len(truth):
            print(f"{name}: {len(truth) - len(pdfs)} documents that are no PDF are left out", file=sys.stderr)
        predictions = predict(options, folder, pdfs)
        if options.json:
            options.json.write_text(json.dumps(predictions, indent=1))
        result, errors = scorer.score(pdfs, scorer.load_pred(write_temporary(predictions)))
        scorer.show({name: result[name]})
        for error in errors[: options.errors]:
            print("  ", *error, sep=" | ")
        table.append(row(name, result[name]))
    print("\n| set | documents | F1 | precision | recall | accepted | right among accepted | calibration error | cells F1 |")
    print("|---|---|---|---|---|---|---|---|---|")
    print("\n".join(table))


def load_scorer(path):
    spec = importlib.util.spec_from_file_location("scorer", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def predict(options, folder, truth):
    """The exports of one batch a template, joined."""
    groups = collections.defaultdict(list)
    for document in truth:
        template = options.template or document["template"]
        groups[json.dumps(template)].append(folder / document["file"])
    predictions = []
    for template, files in groups.items():
        template = json.loads(template)
        with tempfile.TemporaryDirectory() as work:
            work = pathlib.Path(work)
            if isinstance(template, str):
                path = options.data / "templates" / f"{template}.json"
            else:
                path = work / "template.json"
                path.write_text(json.dumps(template))
            out = work / "results.json"
            command = [options.sheaf, "batch", *files, "--template", path, "--out", out, "--data", work / "data"]
            finished = subprocess.run(command, stderr=subprocess.PIPE, text=True)
            if finished.returncode not in (0, 2):
                sys.exit(finished.stderr)
            predictions += json.loads(out.read_text())
    return predictions


def write_temporary(predictions):
    file = tempfile.NamedTemporaryFile("w", suffix=".json", delete=False)
    json.dump(predictions, file)
    file.close()
    return file.name


def row(name, result):
    def percent(value):
        return "–" if value is None else f"{100 * value:.1f}"

    whole, calibration = result["all"], result["calibration"]
    accepted = calibration["auto_accepted"] / whole["truth"] if whole["truth"] else None
    cells = result.get("line_items", {}).get("cell_f1")
    values = [
        whole["f1"], whole["precision"], whole["recall"], accepted, calibration["auto_accepted_accuracy"],
    ]
    ece = calibration["ece"]
    return (
        f"| {name} | {result['documents']['documents']} | " + " | ".join(percent(v) for v in values)
        + f" | {'–' if ece is None else f'{ece:.3f}'} | {percent(cells)} |"
    )


if __name__ == "__main__":
    main()
