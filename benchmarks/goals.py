#!/usr/bin/env python3
"""How near the rules are to the goals, and what each family of evidence is worth.

    benchmarks/goals.py goals    DATA [SET ...] [--read FOLDER]
    benchmarks/goals.py ablation DATA [SET ...] [--read FOLDER]
    benchmarks/goals.py names    DATA [SET ...] [--read FOLDER]
    benchmarks/goals.py absent   DATA [SET ...] [--read FOLDER]

  goals     F1 of each field and set next to its goal; what is accepted, and right; the boxes of right values; of the others,
            whether the value stands in the words that were read (as far as READ has them), and what was taken for it.
  ablation  F1 of each set, and by how many points it changes without a family (`predict` built with `--features ablation`).
            Nothing is fitted or weighed anew without it.
  names     the same fields called otherwise, without anchors and descriptions: what a template of names alone gives.
  absent    fields that these documents do not state, by name alone: how many values are given all the same, and accepted.

DATA is as `score.py` reads it. Each set runs through the example `predict` of sheaf-extract. Where the folder READ/SET exists,
scans are recognised (models in SHEAF_MODELS), and what was read is kept there for the next time.
"""
import argparse
import collections
import html
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

from score import load_scorer

# Of each set, the goal of groups of fields (None: all that no other group has), and those that count as right when alike by
# nine tenths: their truth is an official name, not the printed one.
GOALS = {
    "zugferd": [(None, 95)],
    "i2d": [(None, 92)],
    "vrdu_adbuy": [(None, 92)],
    "vrdu_reg_gold": [(None, 86)],
    "vrdu_reg": [(None, 80)],
    "fara_scan": [("registration_num", 92), ("registrant_name", 70)],
    "kleister_nda": [(None, 80)],
    "funsd": [(None, 78)],
    "sroie": [(None, 92)],
}
FUZZY = {("vrdu_reg", "registrant_name"), ("fara_scan", "registrant_name")}
# Its truth is made from the file's name.
LEFT_OUT = {("vrdu_reg", "file_date")}
CELLS_GOAL = 90
CAUSES = ["not read", "cut or run on", "another taken", "none taken"]
FAMILIES = (
    "anchors lexicon partial resemblance geometry rivals looks locale title arithmetic joint repetition position parties "
    "sentences continuation rules"
).split()


# Other names that people give the fields of a set, in the order of the first line.
NAMES = {
    "zugferd": """
        invoice_number invoice_date due_date seller_name buyer_name currency net_total tax_total grand_total amount_due
        invoice_no date payment_due vendor customer currency subtotal vat total amount_due
        inv_no issued pay_by supplier client curr net tax_amount gross balance_due
        rechnungsnummer rechnungsdatum faelligkeit lieferant kunde waehrung nettobetrag mehrwertsteuer bruttobetrag zahlbetrag
        numero_facture date_facture date_echeance fournisseur client devise total_ht total_tva total_ttc net_a_payer
        document_number document_date due supplier_name customer_name ccy total_excl_vat total_vat total_incl_vat payable_amount
        number issue_date payment_due_date from_company bill_to currency_code total_net total_tax invoice_total total_due""",
    "sroie": """
        company date address total
        merchant purchase_date store_address total_amount
        vendor_name receipt_date vendor_address amount
        shop transaction_date shop_address grand_total
        seller day seller_address sum""",
    "kleister_nda": """
        effective_date jurisdiction party term
        agreement_date governing_law counterparty duration
        start_date applicable_law party_name confidentiality_period
        date_of_agreement governing_state parties term_length""",
    "vrdu_adbuy": """
        contract_num advertiser gross_amount flight_from flight_to
        contract_no client total_gross flight_start flight_end
        contract_id sponsor gross first_day last_day""",
}

# Names of fields that documents of sets with NAMES, or of one of these kinds, do not state, by their type.
ABSENT = {
    "text": """chassis_number policy_number project_manager license_plate flight_number room_number patient_name maiden_name blood_group
        court passport_number customer_email vendor_code invoice_status payment_method order_status
        parent_company insurance_company customer_address tax_year""",
    "currency": "insurance_amount tip loan_amount previous_balance page_total opening_balance shipping_cost deposit_amount",
    "number": "interest_rate mileage total_weight cash_discount_rate",
    "date": "birth_date warranty_until expiry_date arrival_date date_of_birth valid_until",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["goals", "ablation", "names", "absent"])
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("sets", nargs="*", default=list(GOALS))
    parser.add_argument("--read", type=pathlib.Path, default=pathlib.Path("read"))
    parser.add_argument("--predict", default="target/release/examples/predict")
    options = parser.parse_args()
    scorer = load_scorer(options.data / "score.py")
    {"goals": goals, "ablation": ablation, "names": names, "absent": absent}[options.part](options, scorer)


def goals(options, scorer):
    print("| set | field | true values | F1 | goal | accepted | right among accepted |")
    print("|---|---|---|---|---|---|---|")
    below = []
    for name in options.sets:
        truth, answers = load_truth(options, name), predict(options, name)
        fields = collections.defaultdict(list)
        for found in judge(scorer, name, truth, answers):
            fields[found["field"]].append(found)
        wholes = {field: goal for field, goal in GOALS[name]}
        if len(fields) < 20:
            for field in sorted(fields):
                mark = ", alike" if (name, field) in FUZZY else ""
                print(row(name, field + mark, fields[field], wholes.get(field)))
        everything = [found for one in fields.values() for found in one]
        print(row(name, "all", everything, wholes.get(None)))
        result, _ = scorer.score(truth, answers)
        if "line_items" in result[name]:
            cells = result[name]["line_items"]
            print(f"| {name} | cells of rows | {cells['cells_truth']} | {100 * cells['cell_f1']:.1f} | {CELLS_GOAL} | – | – |")
        below.append((name, everything, *boxes(options.data / name, truth, everything)))
    print("\n| set | calibration error | right values with a box | of them where the value stands | wrong or missing | " + " | ".join(CAUSES) + " |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, found, count, good in below:
        causes = collections.Counter(cause(options, scorer, name, one) for one in found if not one["right"])
        share = f"{100 * good / count:.1f}" if count else "–"
        counts = " | ".join(str(causes[one]) for one in CAUSES)
        print(f"| {name} | {error(found):.3f} | {count or '–'} | {share} | {causes.total()} | {counts} |")


def ablation(options, scorer):
    whole = {name: measure(options, scorer, name, None) for name in options.sets}
    heads = [head for name in options.sets for head in whole[name]]
    print(f"| without | {' | '.join(heads)} |\n|---|{'---|' * len(heads)}")
    print("| – | " + " | ".join(f"{f1:.1f}" for name in options.sets for f1 in whole[name].values()) + " |")
    for family in FAMILIES:
        cells = []
        for name in options.sets:
            less = measure(options, scorer, name, family)
            cells += [change(less[head] - f1) for head, f1 in whole[name].items()]
        print(f"| {family} | {' | '.join(cells)} |", flush=True)


def names(options, scorer):
    print("| set | names | true values | F1 | accepted | right among accepted |\n|---|---|---|---|---|---|")
    for name in [name for name in options.sets if name in NAMES]:
        usual, *others = [line.split() for line in NAMES[name].strip().splitlines()]
        truth = load_truth(options, name)
        fields = {field["name"]: field for field in template_of(options, truth[0])["fields"]}
        for called in others:
            template = {"name": name, "fields": [{"name": new, **kind(fields[old])} for old, new in zip(usual, called)]}
            answers = predict(options, name, template=template)
            renamed = dict(zip(called, usual))
            answers = {key: {**one, "fields": {renamed.get(n, n): f for n, f in one["fields"].items()}} for key, one in answers.items()}
            print(row(name, " ".join(called), list(judge(scorer, name, truth, answers)), None).replace(" – |", "", 1))


def absent(options, scorer):
    fields = [{"name": name, "type": kind} for kind, names in ABSENT.items() for name in names.split()]
    template = {"name": "absent", "fields": fields}
    total = collections.Counter()
    print("| set | documents | given | accepted | of them |\n|---|---|---|---|---|")
    for name in [name for name in options.sets if name in NAMES or name in ("i2d", "vrdu_reg_gold")]:
        # The scorer knows each document by several names.
        answers = list({id(answer): answer for answer in predict(options, name, template=template).values()}.values())
        given = [(key, one) for answer in answers for key, one in answer["fields"].items() if one["value"] not in (None, "")]
        accepted = collections.Counter(key for key, one in given if not one["needs_review"])
        which = ", ".join(f"{key} {count}" for key, count in accepted.most_common()) or "–"
        print(f"| {name} | {len(answers)} | {len(given)} | {accepted.total()} | {which} |")
        total += collections.Counter(documents=len(answers), given=len(given), accepted=accepted.total())
    print(f"| all | {total['documents']} | {total['given']} | {total['accepted']} | – |")


def template_of(options, document):
    """The template of a document, as `predict` looks for it."""
    folder = options.data / document["set"] / "templates"
    folder = folder if folder.is_dir() else options.data / "templates"
    return json.loads((folder / f"{document['template']}.json").read_text())


def kind(field):
    return {key: field[key] for key in ("type", "enum_values") if key in field}


def change(points):
    return "0" if abs(points) < 0.05 else f"{points:+.1f}".replace("-", "−")


def measure(options, scorer, name, family):
    """F1 over the fields of a set, and over the cells of its tables."""
    truth, answers = load_truth(options, name), predict(options, name, family)
    found = {name: f1(judge(scorer, name, truth, answers))}
    result, _ = scorer.score(truth, answers)
    if "line_items" in result[name]:
        found[f"{name}, cells"] = 100 * result[name]["line_items"]["cell_f1"]
    return found


def load_truth(options, name):
    lines = (options.data / name / "truth.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def predict(options, name, family=None, template=None):
    """What `predict` answers, as the scorer loads it: by document, then by field."""
    environment = {key: value for key, value in os.environ.items() if key not in ("SHEAF_READ", "SHEAF_WITHOUT")}
    environment["OMP_THREAD_LIMIT"] = "1"
    if (options.read / name).is_dir():
        environment["SHEAF_READ"] = str(options.read / name)
    if family:
        environment["SHEAF_WITHOUT"] = family
    with tempfile.TemporaryDirectory() as work:
        out = pathlib.Path(work) / "out.json"
        command = [options.predict, options.data / name, out]
        if template:
            command.append(pathlib.Path(work) / "template.json")
            command[-1].write_text(json.dumps(template))
        finished = subprocess.run(command, env=environment, capture_output=True, text=True)
        if finished.returncode:
            sys.exit(finished.stderr)
        return load_scorer(options.data / "score.py").load_pred(str(out))


def judge(scorer, name, truth, answers):
    """Of each true value: the field, whether it was given, and right, and what was said of it."""
    for document in truth:
        answer = answers.get(document["id"]) or answers[os.path.basename(document["file"])]
        for field, value in document["fields"].items():
            if (name, field) in LEFT_OUT:
                continue
            found = answer["fields"].get(field) or {}
            given = not scorer.empty(found.get("value"))
            exact, alike = scorer.match(field, value, found["value"]) if given else (False, False)
            right = alike if (name, field) in FUZZY else exact
            yield {**found, "field": field, "document": document, "given": given, "right": right}


def f1(found):
    found = list(found)
    right, given = sum(one["right"] for one in found), sum(one["given"] for one in found)
    return 200 * right / max(given + len(found), 1)


def row(name, field, found, goal):
    accepted = [one for one in found if one["given"] and not one["needs_review"]]
    right = f"{100 * sum(one['right'] for one in accepted) / len(accepted):.1f}" if accepted else "–"
    share = f"{100 * len(accepted) / len(found):.1f}"
    return f"| {name} | {field} | {len(found)} | {f1(found):.1f} | {goal or '–'} | {share} | {right} |"


def error(found):
    """Expected calibration error over ten bins."""
    bins = collections.defaultdict(float)
    given = [one for one in found if one["given"]]
    for one in given:
        bins[min(int(one["confidence"] * 10 + 1e-9), 9)] += one["right"] - one["confidence"]
    return sum(abs(sum_of) for sum_of in bins.values()) / max(len(given), 1)


def cause(options, scorer, name, found):
    """Why a value is not right, by the words that were read."""
    document, field = found["document"], found["field"]
    kept = options.read / name / (document["file"].replace("/", "_") + ".json")
    if not kept.exists():
        return "not read"
    words = [word["text"] for page in json.loads(kept.read_text())["pages"] for word in page["words"]]
    accepted = document["fields"][field]
    accepted = [tight(text) for text in (accepted if isinstance(accepted, list) else [accepted])]
    runs = [" ".join(words[at : at + length]) for at in range(len(words)) for length in (1, 2, 3, 4)]
    is_read = any(text in tight("".join(words)) for text in accepted)
    if not is_read and scorer.kind(field, document["fields"][field]) != "text":
        is_read = any(scorer.match(field, document["fields"][field], run)[0] for run in runs)
    if not is_read:
        return "not read"
    if not found["given"]:
        return "none taken"
    value = tight(str(found["value"]))
    return "cut or run on" if any(value in text or text in value for text in accepted) else "another taken"


def boxes(folder, truth, found):
    """How many right values could be checked, and how many boxes overlap the truth's, or those of the same text as
    `pdftotext` has it (the best place on the page, as truths have none), by half or more."""
    pages, count, good = {}, 0, 0
    for one in found:
        if not one["right"] or not one.get("bbox"):
            continue
        document = one["document"]
        path = folder / document["file"]
        if "boxes" in document:
            overlaps = [overlap(one["bbox"], true_box(path, document["boxes"][one["field"]]))]
        elif path.suffix == ".pdf":
            if path not in pages:
                pages[path] = pdf_letters(path)
            page = pages[path][one["page"] - 1]
            overlaps = [overlap(one["bbox"], box) for box in places(page, one["source"])]
        else:
            continue
        if overlaps:
            count += 1
            good += max(overlaps) >= 0.5
    return count, good


def true_box(path, rows):
    """The box around the lines of an answer in a PNG, as shares of its size."""
    width, height = struct.unpack(">II", path.read_bytes()[16:24])
    x0, y0, x1, y1 = around(rows)
    return x0 / width, y0 / height, x1 / width, y1 / height


def pdf_letters(path):
    """Of each page as `pdftotext` has it: its letters and digits; the box of each, its share of its word's; and the word's."""
    listing = run("pdftotext", "-cropbox", "-bbox", path, "-")
    # The sizes of pages are those before they are turned, the boxes are those after.
    turns = [int(turn) for turn in re.findall(r"rot: +(\d+)", run("pdfinfo", "-l", "-1", path))]
    pages = []
    for page, turn in zip(listing.split("<page ")[1:], turns):
        width, height = (float(n) for n in re.findall(r'="([\d.]+)"', page.split(">")[0]))
        if turn in (90, 270):
            width, height = height, width
        words = re.findall(r'<word xMin="(.*)" yMin="(.*)" xMax="(.*)" yMax="(.*)">(.*)</word>', page)
        words = [([float(n) for n in word[:4]], html.unescape(word[4])) for word in words]
        text, parts, wholes = "", [], []
        for (x0, y0, x1, y1), word in words:
            step = (x1 - x0) / max(len(word), 1)
            for i, letter in enumerate(word):
                if len(tight(letter)) == 1:
                    text += tight(letter)
                    parts.append(((x0 + i * step) / width, y0 / height, (x0 + (i + 1) * step) / width, y1 / height))
                    wholes.append((x0 / width, y0 / height, x1 / width, y1 / height))
        pages.append((text, parts, wholes))
    return pages


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def tight(text):
    return re.sub(r"[\W_]+", "", text).lower()


def places(page, source):
    """The boxes of what reads like this text, blanks and marks aside, and those of the words that hold it."""
    text, parts, wholes = page
    wanted = tight(source)
    at = text.find(wanted) if wanted else -1
    while at >= 0:
        yield around(parts[at : at + len(wanted)])
        yield around(wholes[at : at + len(wanted)])
        at = text.find(wanted, at + 1)


def around(rows):
    return min(r[0] for r in rows), min(r[1] for r in rows), max(r[2] for r in rows), max(r[3] for r in rows)


def overlap(a, b):
    """Area in common over area of both."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0) * max(height, 0)
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common
    return common / both if both else 0


if __name__ == "__main__":
    main()
