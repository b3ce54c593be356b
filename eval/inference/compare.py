"""Gives each job to our engine and to llama.cpp in turn; medians and ratios (ours over theirs)."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
IDS = HERE / "../../crates/inference/tests/data/llama-cpp.json"
LETTERS = "àáâãèéêìíòóôõùúýăđĩũơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ"
SHORTLIST = 16_384
FILES = {
    "gemma-3-270m": "gemma-3-270m-q4_k_m.gguf",
    "smollm2-135m-instruct": "SmolLM2-135M-Instruct.Q4_1.gguf",
    "qwen2.5-coder-1.5b-instruct": "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
}


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


def measure(name, path, rounds):
    ids = json.loads(IDS.read_text(encoding="utf-8"))[name]["ids"]
    ids = (ids * (1024 // len(ids) + 1))[:1024]
    base = {"model": str(path), "threads": 1, "flash": False, "letters": LETTERS}
    most = 4 if "1.5b" in name else 16
    owns = [ids[i * 7 % 300 :][:60] for i in range(most)]
    message = base | {"kind": "messages", "prefix": ids[:400], "owns": owns, "out": 60}
    ours = Engine(os.environ["JOBS"])
    theirs = Engine(sys.executable, str(HERE / "llama_cpp_peer.py"))
    found = {}

    def note(key, value):
        found.setdefault(key, []).append(value)
        print(f"{name} {key}: {value:.2f}", file=sys.stderr)

    for _ in range(rounds):
        single = base | {"kind": "single", "ids": ids[:256], "decode": 16}
        for who, engine in (("ours", ours), ("llama.cpp", theirs)):
            got = engine.do(single)
            note(f"prefill 256, {who}", 256 / got["prefill"][0])
            note(f"decode, {who}", 16 / got["decode"][0])
            note(f"memory MiB, {who}", got["peak_mib"])
            note(f"load s, {who}", got["load"][0])
        for run, what in ((1, "free"), (10, "forced")):
            for batch in sorted({1, 4, most}):
                job = message | {"run": run, "batch": batch, "owns": owns[: max(batch, 2)]}
                count = len(job["owns"])
                took = ours.do(job)["messages"][0]
                note(f"messages {what}, ours, batch {batch}", count / took)
                # llama.cpp shares or splits its cache; which is faster depends on the batch.
                for unified in (True, False):
                    took = theirs.do(job | {"unified": unified})["messages"][0]
                    note(f"messages {what}, llama.cpp, batch {batch}, {unified}", count / took)
                took = ours.do(job | {"shortlist": SHORTLIST})["messages"][0]
                note(f"messages {what}, shortlist, batch {batch}", count / took)
    ours.end()
    theirs.end()
    return summary({key: statistics.median(values) for key, values in found.items()})


def summary(raw):
    def best(start):
        return max(value for key, value in raw.items() if key.startswith(start))

    def ratio(part):
        return raw[f"{part}, ours"] / raw[f"{part}, llama.cpp"]

    return {
        "messages_ratio": best("messages free, ours") / best("messages free, llama.cpp"),
        "messages_grammar_ratio": best("messages forced, shortlist")
        / best("messages forced, llama.cpp"),
        "prefill_ratio": ratio("prefill 256"),
        "decode_ratio": ratio("decode"),
        "memory_ratio": ratio("memory MiB"),
        "raw": raw,
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("models", nargs="*")
    args = parser.parse_args()
    store = pathlib.Path(os.environ["COTMOC_MODELS__DIR"])
    paths = {name: store / name / file for name, file in FILES.items()}
    names = args.models or [name for name, path in paths.items() if path.exists()]
    report = {name: measure(name, paths[name], args.rounds) for name in names}
    if args.json:
        print(json.dumps(report, indent=2, ensure_ascii=False))
        return
    for name, found in report.items():
        ratios = ", ".join(f"{k} {v:.2f}" for k, v in found.items() if k != "raw")
        print(f"{name}: {ratios}")


if __name__ == "__main__":
    main()
