"""Puts the rounds together: medians, whether all engines agree, and who is how fast.

    report.py FOLDER [--json]

Exit code 1 where answers differ: then no time means anything.
"""

import json
import statistics
import sys
from pathlib import Path

OURS = "ours"
# What the service does for one person: more than a peer does, so no peer is measured by it.
RECEIPTS = "ours-with-receipts"


def per_engine(folder):
    """For each engine its rounds, in the order in which they ran."""
    rounds = {}
    for line in (folder / "timed.jsonl").read_text().splitlines():
        one = json.loads(line)
        rounds.setdefault(one["engine"], []).append(one)
    return rounds


def summary(rounds):
    micros = [one["run_s"] / one["subjects"] * 1e6 for one in rounds]
    return {
        "version": rounds[0]["version"],
        "boot_s": round(statistics.median(one["boot_s"] for one in rounds), 4),
        "per_subject_us_median": round(statistics.median(micros), 4),
        "per_subject_us_least": round(min(micros), 4),
        "per_subject_us_most": round(max(micros), 4),
    }


def answers(folder, engine):
    lines = (folder / f"answers-{engine}").read_text().splitlines()
    return dict(line.split(" ") for line in lines)


def differences(folder, engines):
    """Where an engine's answer about any subject is another than ours."""
    ours = answers(folder, OURS)
    for engine in engines:
        theirs = answers(folder, engine)
        for name in sorted(ours.keys() | theirs.keys()):
            if name not in ours or name not in theirs:
                yield f"{name}: only one of {OURS} and {engine} answers it; translate the pack anew"
            elif ours[name] != theirs[name]:
                pairs = enumerate(zip(ours[name], theirs[name], strict=True))
                wrong = [at for at, (a, b) in pairs if a != b]
                yield f"{name}: {engine} differs from {OURS} for {len(wrong)} subjects, first line {wrong[0] + 1}"


def report(folder):
    rounds = per_engine(folder)
    engines = {name: summary(of) for name, of in rounds.items()}
    differ = list(differences(folder, engines.keys() - {OURS}))
    ours, receipts = engines.pop(OURS), engines.pop(RECEIPTS)
    fastest = min(engines, key=lambda name: engines[name]["per_subject_us_median"])
    missing = json.loads((folder / "missing.json").read_text())
    missing["per_subject_us"] = round(missing.pop("run_s") / rounds[OURS][0]["subjects"] * 1e6, 4)
    ratio = engines[fastest]["per_subject_us_median"] / ours["per_subject_us_median"]
    return {
        "subjects": rounds[OURS][0]["subjects"],
        "rounds": len(rounds[OURS]),
        "ours": ours,
        "ours_with_receipts": receipts,
        "peers": engines,
        "fastest_peer": fastest,
        # How many subjects we decide while it decides one: over 1 we are faster.
        "ratio_to_fastest_peer": round(ratio, 2),
        "agreement": not differ,
        "differences": differ,
        "met": {name: of.count("1") for name, of in answers(folder, OURS).items()},
        "with_facts_missing": missing,
    }


def page(told):
    """The same for people."""
    lines = [f"{told['subjects']} subjects, 3 life events each; processor time, median of {told['rounds']} rounds", ""]
    lines.append(f"{'engine':<18} {'version':<16} {'load':>9} {'per subject':>12} {'least .. most':>20}")
    for name, one in {OURS: told["ours"], **told["peers"], RECEIPTS: told["ours_with_receipts"]}.items():
        spread = f"{one['per_subject_us_least']:.3f} .. {one['per_subject_us_most']:.3f}"
        lines.append(
            f"{name:<18} {one['version']:<16} {one['boot_s'] * 1000:>6.0f} ms"
            f" {one['per_subject_us_median']:>9.3f} µs {spread:>20}"
        )
    lines += ["", f"fastest peer: {told['fastest_peer']}; we are {told['ratio_to_fastest_peer']} times as fast"]
    lines += ["", f"{'met (all engines)':<32} {'all known':>9}   30 % of facts missing, ours"]
    for name, count in told["met"].items():
        of = told["with_facts_missing"]["by_output"][name]
        lines.append(
            f"{name:<32} {count:>9}   met {of['met']:>6}  unmet {of['unmet']:>6}  unknown {of['unknown']:>6}"
            f"  (in truth met {of['unknown_of_which_met_in_truth']})"
        )
    missing = told["with_facts_missing"]
    lines.append(
        f"{missing['per_subject_us']:.2f} µs per subject;"
        f" answers that full knowledge reverses: {missing['answers_that_full_knowledge_reverses']}"
    )
    agree = "every engine gives the same answer about every subject"
    lines += ["", agree if told["agreement"] else "\n".join(["NO AGREEMENT", *told["differences"]])]
    return "\n".join(lines)


def main(folder, *options):
    told = report(Path(folder))
    print(json.dumps(told, ensure_ascii=False) if "--json" in options else page(told))
    if not told["agreement"]:
        print("the engines do not agree, so their times say nothing", file=sys.stderr)
    return 0 if told["agreement"] else 1


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("call it as: report.py FOLDER [--json]")
    sys.exit(main(*sys.argv[1:]))
