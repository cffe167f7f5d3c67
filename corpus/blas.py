"""Numpy's multiplications on the thread that asks for them. The home of threadpoolctl."""

from __future__ import annotations

import os
import sys

_OWN_CHOICE = "OPENBLAS_NUM_THREADS"


def multiply_alone() -> None:
    """Has numpy's BLAS start no threads of its own in this process, unless ``OPENBLAS_NUM_THREADS`` says how many.

    A search multiplies a little every few milliseconds, and OpenBLAS's workers wait for the next time in a loop that
    fills a core: on two cores a search of 100,000 passages took 122 ms of the processor and takes 60 without them,
    with the embedder, the graph and every other search in the way meanwhile. To read vectors from memory, which is
    what the exact scan does, one thread is as fast as two. Called before numpy is imported it starts none; afterwards
    they have to be found, and have already waited so for a tenth of a second.

    The first way is the environment's, which children inherit, as they should: what builds an index multiplies one
    question at a time to check it, parsers get one thread anyway, and the runtimes that embed (OpenVINO, ONNX Runtime,
    PyTorch on x86) bring their own multiplication. A program that opens a corpus as its guest has imported numpy by
    then: its environment, and so its own children, are left as they were.
    """
    if os.environ.get(_OWN_CHOICE):
        return
    if "numpy" not in sys.modules:
        os.environ[_OWN_CHOICE] = "1"
        return
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="blas")
