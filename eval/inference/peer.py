"""The engines of others at the jobs of `cotmoc bench inference`: llama.cpp, and for vectors the C
engine of the package that the embedding model comes from.

Reads a job as one line of JSON on standard input and answers with another; which jobs there are
and what is answered, `eval/src/bench/inference/job.rs` says. Stays alive for further lines, so
that a caller can take turns with another engine without loading anew.
"""

import json
import sys


def engine_for(job):
    # Only what is needed is loaded: memory is compared, too.
    if job["kind"] == "embed":
        from e5_peer import Engine
    else:
        from llama_cpp_peer import Engine
    return Engine(job["model"])


def main():
    engine = None
    for line in sys.stdin:
        try:
            job = json.loads(line)
            if engine is None:
                engine = engine_for(job)
            if engine.path != job["model"]:
                raise RuntimeError("another model is loaded")
            answer = engine.do(job)
        except Exception as error:  # whatever it is, the caller is to hear of it
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
