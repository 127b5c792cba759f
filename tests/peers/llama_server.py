"""Serve a model file by llama.cpp's own server, in this process, until killed.

Runs in the environment of `make peers`, which has xllamacpp.
"""

import sys
import time

import xllamacpp


def serve(path: str, port: int) -> None:
    """Serve chat completions at http://127.0.0.1:PORT/v1."""
    options = xllamacpp.CommonParams()
    options.model.path = path
    options.hostnames = ["127.0.0.1"]
    options.port = port
    options.n_parallel = 2
    # More would wait for each other in loops, which is slow on a busy machine.
    options.cpuparams.n_threads = 1
    options.cpuparams_batch.n_threads = 1
    options.n_ctx = 8192
    options.n_predict = 512
    options.warmup = False
    options.use_jinja = True
    server = xllamacpp.Server(options)
    while server:
        time.sleep(3600)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
