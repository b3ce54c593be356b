"""Gives the same texts to our embedding engine and to that of the model's package in turn.

Medians of the rounds; a ratio is ours over theirs, each at its best of the batches. With one
thread the seconds of the processor count, with more those of the clock.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
DATA = HERE / "../../crates/inference/tests/data"
QUERIES = [
    "làm giấy khai sinh cho con ở đâu và cần mang theo những giấy tờ gì",
    "con tôi sắp vào lớp một thì nộp hồ sơ tuyển sinh ở trường nào, hạn đến khi nào",
    "thủ tục sang tên sổ đỏ khi mua bán nhà đất mất bao lâu và tốn bao nhiêu tiền",
    "how do I register the birth of a child when the parents live in two provinces",
    "đổi giấy phép lái xe hết hạn có phải thi lại không và nộp trực tuyến được không",
    "hộ kinh doanh chuyển lên doanh nghiệp cần làm những bước nào với cơ quan thuế",
]
KINDS = {"queries": 96, "passages": 32}
BATCHES = [1, 8, 32]
# Tokens of a passage, its prefix and the two marks among them.
PASSAGE = 200


class Engine:
    def __init__(self, *command):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def do(self, job):
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("an engine ended before its answer")
        return json.loads(line)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def passages(engine, base, count):
    """Parts of a text, each of as many tokens as a passage has."""
    words = (DATA / "procedure-vi.txt").read_text(encoding="utf-8").split()
    found = []
    for at in range(count):
        own = (words * 2)[at * 13 % len(words) :]
        texts = [" ".join(own[:length]) for length in range(80, 220, 4)]
        tokens = engine.do(base | {"texts": texts, "queries": False, "batch": 32})["tokens"]
        near = min(range(len(texts)), key=lambda i: abs(tokens[i] + 2 - PASSAGE))
        found.append(texts[near])
    return found


def cosine(a, b):
    def product(a, b):
        return sum(x * y for x, y in zip(a, b))

    return product(a, b) / (product(a, a) * product(b, b)) ** 0.5


def measure(engines, model, threads, texts, rounds):
    found = {}
    for kind, queries in (("queries", True), ("passages", False)):
        base = {"model": model, "threads": threads, "queries": queries, "texts": texts[kind]}
        for round_ in range(rounds):
            for batch in BATCHES:
                for who, engine in engines.items():
                    got = engine.do(base | {"batch": batch})
                    seconds = got["embeddings"][0 if threads == 1 else 1]
                    per_s = len(texts[kind]) / seconds
                    found.setdefault((kind, who, batch), []).append(per_s)
                    note = f"threads {threads}, {kind}, batch {batch}, {who}: {per_s:.1f}/s"
                    print(f"round {round_ + 1}, {note}", file=sys.stderr)
    return summary({key: statistics.median(values) for key, values in found.items()})


def summary(middle):
    report = {"raw": {f"{kind}, {who}, batch {batch}": v for (kind, who, batch), v in middle.items()}}
    for kind in KINDS:
        best = {
            who: max(v for key, v in middle.items() if key[:2] == (kind, who))
            for who in ("ours", "package")
        }
        report[f"{kind}_per_s"] = best
        report[f"{kind}_ratio"] = best["ours"] / best["package"]
    report["embeddings_ratio"] = min(report[f"{kind}_ratio"] for kind in KINDS)
    return report


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    args = parser.parse_args()
    store = pathlib.Path(os.environ["COTMOC_MODELS__DIR"])
    model = str(store / "multilingual-e5-small" / "e5-small-q4.bin")
    engines = {
        "ours": Engine(os.environ["EMBEDDINGS"]),
        "package": Engine(sys.executable, str(HERE / "e5_peer.py")),
    }
    base = {"model": model, "threads": 1}
    texts = {
        "queries": [QUERIES[at % len(QUERIES)] for at in range(KINDS["queries"])],
        "passages": passages(engines["ours"], base, KINDS["passages"]),
    }
    report = {"threads": {}}
    answers = {}
    for who, engine in engines.items():
        got = []
        for kind in KINDS:
            job = {"queries": kind == "queries", "batch": 32, "vectors": True}
            got.append(engine.do(base | job | {"texts": texts[kind]}))
        answers[who] = got
        report[who] = {"load_s": got[0]["load"][0], "peak_mib": got[1]["peak_mib"]}
    report["instructions"] = answers["ours"][0]["instructions"]
    for ours, theirs in zip(answers["ours"], answers["package"]):
        assert ours["tokens"] == theirs["tokens"], "the engines read different tokens"
    pairs = [
        pair
        for ours, theirs in zip(answers["ours"], answers["package"])
        for pair in zip(ours["vectors"], theirs["vectors"])
    ]
    report["worst_cosine"] = min(cosine(*pair) for pair in pairs)
    report["tokens"] = {kind: statistics.mean(got["tokens"]) + 2 for kind, got in zip(KINDS, answers["ours"])}
    for threads in args.threads:
        report["threads"][threads] = measure(engines, model, threads, texts, args.rounds)
    for engine in engines.values():
        engine.end()
    if args.json:
        print(json.dumps(report, indent=2))
        return
    print(f"worst cosine {report['worst_cosine']:.5f}, tokens {report['tokens']}")
    for threads, found in report["threads"].items():
        for kind in KINDS:
            ours, theirs = found[f"{kind}_per_s"].values()
            ratio = found[f"{kind}_ratio"]
            print(f"threads {threads}, {kind}: {ours:.1f}/s to {theirs:.1f}/s, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
