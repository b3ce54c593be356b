"""Text models by llama.cpp, through its C interface."""

import ctypes
import importlib.metadata

import llama_cpp as ll
import numpy as np

from timing import clock, peak, since

# Rows that are given to llama.cpp at once, at most: 64 texts with 60 tokens of their own.
MOST = 4096
# Rows whose scores of the whole vocabulary are held at once.
ROWS = 64
# Prompts that are continued together.
PROMPTS = 10


@ll.llama_log_callback
def quiet(_level, _text, _data):
    pass


class Engine:
    """A model with one context at a time."""

    def __init__(self, path):
        ll.llama_log_set(quiet, ctypes.c_void_p(0))
        ll.llama_backend_init()
        start = clock()
        params = ll.llama_model_default_params()
        params.n_gpu_layers = 0
        self.model = ll.llama_model_load_from_file(path.encode(), params)
        if not self.model:
            raise RuntimeError(f"llama.cpp cannot load {path}")
        self.path = path
        self.vocabulary = ll.llama_model_get_vocab(self.model)
        self.words = ll.llama_vocab_n_tokens(self.vocabulary)
        self.took = since(start)

    def do(self, job):
        return JOBS[job["kind"]](self, job)

    def context(self, threads, tokens, sequences, unified, flash):
        params = ll.llama_context_default_params()
        params.n_ctx = tokens
        params.n_batch = MOST
        params.n_ubatch = 512
        params.n_seq_max = sequences
        params.n_threads = params.n_threads_batch = threads
        params.kv_unified = unified
        params.flash_attn_type = 1 if flash else 0
        params.no_perf = True
        context = ll.llama_init_from_model(self.model, params)
        if not context:
            raise RuntimeError(f"llama.cpp has no room for {tokens} tokens")
        return context

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
            raise RuntimeError("llama.cpp failed to decode")

    def scores(self, context, at):
        return np.ctypeslib.as_array(ll.llama_get_logits_ith(context, at), shape=(self.words,))

    def best(self, context, at):
        return int(np.argmax(self.scores(context, at)))

    def load(self, _job):
        version = importlib.metadata.version("llama-cpp-python")
        return {"engine": f"llama.cpp of llama-cpp-python {version}", "load": self.took}

    def tokens(self, job):
        text = job["text"].encode()
        room = (ll.llama_token * (len(text) + 8))()
        start = ll.llama_vocab_get_add_bos(self.vocabulary)
        count = ll.llama_tokenize(self.vocabulary, text, len(text), room, len(room), start, False)
        return {"ids": list(room[:count])}

    def single(self, job):
        """Reads a prompt, then goes on for some tokens, alone."""
        ids = job["ids"]
        count = len(ids) + job["decode"]
        context = self.context(job["threads"], count + 64, 1, True, False)
        batch = ll.llama_batch_init(MOST, 0, 1)
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
        return {"prefill": prefill, "decode": decode, "peak_mib": peak()}

    def messages(self, job):
        """Many texts that share a beginning, `run` tokens of each in a step."""
        prefix, owns, out, run = job["prefix"], job["owns"], job["out"], job["run"]
        together = min(job["batch"], len(owns))
        longest = len(prefix) + max(map(len, owns)) + out
        size = longest * together + len(prefix) + 256 if job["unified"] else (longest + 64) * (together + 1)
        context = self.context(job["threads"], size, together + 1, job["unified"], job["flash"])
        memory = ll.llama_get_memory(context)
        batch = ll.llama_batch_init(MOST, 0, 1)
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

    def score(self, job):
        """How likely each token of a text was, and what was likeliest, some rows at a time."""
        ids = job["ids"]
        context = self.context(job["threads"], len(ids) + 64, 1, True, False)
        batch = ll.llama_batch_init(ROWS, 0, 1)
        chances, likeliest = [], []
        for first in range(0, len(ids) - 1, ROWS):
            rows = [(t, first + i, 0, True) for i, t in enumerate(ids[first : first + ROWS])]
            self.decode(context, rows, batch)
            for at, following in enumerate(ids[first + 1 : first + 1 + len(rows)]):
                scores = self.scores(context, at).astype(np.float64)
                top = scores.max()
                chances.append(scores[following] - top - np.log(np.exp(scores - top).sum()))
                likeliest.append(int(scores.argmax()))
        ll.llama_batch_free(batch)
        ll.llama_free(context)
        return {"log_probabilities": chances, "likeliest": likeliest}

    def choices(self, job):
        """The likeliest tokens after each prompt, some prompts at a time."""
        found = []
        for first in range(0, len(job["prompts"]), PROMPTS):
            part = slice(first, first + PROMPTS)
            found += self.chosen(job, job["prompts"][part], job["follow"][part])
        return {"choices": found}

    def chosen(self, job, prompts, follow):
        count = job["count"]
        size = sum(len(prompt) + count for prompt in prompts)
        context = self.context(job["threads"], size + 64, len(prompts), True, False)
        batch = ll.llama_batch_init(MOST, 0, 1)
        rows, last = [], []
        for sequence, prompt in enumerate(prompts):
            rows += [(t, i, sequence, i == len(prompt) - 1) for i, t in enumerate(prompt)]
            last.append(len(rows) - 1)
        out = [[] for _ in prompts]
        for step in range(count):
            self.decode(context, rows, batch)
            rows = []
            for sequence, prompt in enumerate(prompts):
                token = self.best(context, last[sequence])
                out[sequence].append(token)
                if follow:
                    token = follow[sequence][step]
                rows.append((token, len(prompt) + step, sequence, True))
            last = list(range(len(prompts)))
        ll.llama_batch_free(batch)
        ll.llama_free(context)
        return out


JOBS = {
    "load": Engine.load,
    "tokens": Engine.tokens,
    "single": Engine.single,
    "messages": Engine.messages,
    "score": Engine.score,
    "choices": Engine.choices,
}
