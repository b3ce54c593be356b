"""The jobs of `cotmoc bench inference`, done by llama.cpp through its C interface.

Reads a job as one line of JSON on standard input (the model's path, token ids, the number of
threads, what to do) and writes one line of JSON: seconds of the processor and of the clock for
each part, and the peak of memory. Stays alive for further lines, so that a caller can take turns
with another engine without loading anew.
"""

import ctypes
import json
import resource
import sys
import time

import llama_cpp as ll
import numpy as np


def clock():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime, time.perf_counter()


def since(start):
    now = clock()
    return [now[0] - start[0], now[1] - start[1]]


def peak():
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


class Engine:
    """A model with one context at a time."""

    def __init__(self, path):
        ll.llama_backend_init()
        start = clock()
        params = ll.llama_model_default_params()
        params.n_gpu_layers = 0
        self.model = ll.llama_model_load_from_file(path.encode(), params)
        if not self.model:
            raise SystemExit(f"llama.cpp cannot load {path}")
        self.words = ll.llama_vocab_n_tokens(ll.llama_model_get_vocab(self.model))
        self.load = since(start)

    def context(self, threads, tokens, sequences, unified, flash):
        params = ll.llama_context_default_params()
        params.n_ctx = tokens
        params.n_batch = 2048
        params.n_ubatch = 512
        params.n_seq_max = sequences
        params.n_threads = params.n_threads_batch = threads
        params.kv_unified = unified
        params.flash_attn_type = 1 if flash else 0
        params.no_perf = True
        return ll.llama_init_from_model(self.model, params)

    @staticmethod
    def decode(context, rows, batch):
        """`rows`: token, place, sequence, whether its scores are wanted."""
        for at, (token, place, sequence, wanted) in enumerate(rows):
            batch.token[at] = token
            batch.pos[at] = place
            batch.n_seq_id[at] = 1
            batch.seq_id[at][0] = sequence
            batch.logits[at] = wanted
        batch.n_tokens = len(rows)
        if ll.llama_decode(context, batch) != 0:
            raise SystemExit("llama.cpp failed to decode")

    def best(self, context, at):
        scores = ll.llama_get_logits_ith(context, at)
        return int(np.argmax(np.ctypeslib.as_array(scores, shape=(self.words,))))

    def single(self, job):
        """Reads a prompt, then goes on for some tokens, alone."""
        ids = job["ids"]
        count = len(ids) + job["decode"]
        context = self.context(job["threads"], count + 64, 1, True, job["flash"])
        batch = ll.llama_batch_init(2048, 0, 1)
        start = clock()
        self.decode(context, [(t, i, 0, i == len(ids) - 1) for i, t in enumerate(ids)], batch)
        prefill = since(start)
        token = self.best(context, len(ids) - 1)
        start = clock()
        for step in range(job["decode"]):
            self.decode(context, [(token, len(ids) + step, 0, True)], batch)
            token = self.best(context, 0)
        decode = since(start)
        ll.llama_batch_free(batch)
        ll.llama_free(context)
        return {"prefill": prefill, "decode": decode}

    def messages(self, job):
        """Many texts that share a beginning, `run` tokens of each in a step."""
        prefix, owns, out, run = job["prefix"], job["owns"], job["out"], job["run"]
        together = min(job["batch"], len(owns))
        longest = len(prefix) + max(map(len, owns)) + out
        size = longest * together + len(prefix) + 256 if job["unified"] else (longest + 64) * (together + 1)
        context = self.context(job["threads"], size, together + 1, job["unified"], job["flash"])
        memory = ll.llama_get_memory(context)
        batch = ll.llama_batch_init(2048, 0, 1)
        self.decode(context, [(t, i, 0, False) for i, t in enumerate(prefix)], batch)
        start = clock()
        for first in range(0, len(owns), together):
            group = owns[first : first + together]
            for sequence in range(1, len(group) + 1):
                ll.llama_memory_seq_rm(memory, sequence, -1, -1)
                ll.llama_memory_seq_cp(memory, 0, sequence, -1, -1)
            rows = []
            last = []
            for sequence, own in enumerate(group, 1):
                rows += [(t, len(prefix) + i, sequence, i == len(own) - 1) for i, t in enumerate(own)]
                last.append(len(rows) - 1)
            self.decode(context, rows, batch)
            tokens = [self.best(context, at) for at in last]
            places = [len(prefix) + len(own) for own in group]
            written = 1
            while written < out:
                count = min(run, out - written)
                rows, last = [], []
                for sequence, token in enumerate(tokens, 1):
                    # What a grammar would force is known: here, tokens of the own prompt.
                    own = group[sequence - 1]
                    forced = [token] + [own[(written + i) % len(own)] for i in range(1, count)]
                    place = places[sequence - 1]
                    rows += [(t, place + i, sequence, i == count - 1) for i, t in enumerate(forced)]
                    last.append(len(rows) - 1)
                    places[sequence - 1] += count
                self.decode(context, rows, batch)
                tokens = [self.best(context, at) for at in last]
                written += count
        took = since(start)
        ll.llama_batch_free(batch)
        ll.llama_free(context)
        return {"messages": took}


def main():
    @ll.llama_log_callback
    def quiet(_level, _text, _data):
        pass

    ll.llama_log_set(quiet, ctypes.c_void_p(0))
    engine = None
    for line in sys.stdin:
        job = json.loads(line)
        if engine is None:
            engine = Engine(job["model"])
        found = engine.single(job) if job["kind"] == "single" else engine.messages(job)
        print(json.dumps(found | {"load": engine.load, "peak_mib": peak()}), flush=True)


if __name__ == "__main__":
    main()
