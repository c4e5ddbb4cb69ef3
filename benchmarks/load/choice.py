"""Which client loads the servers."""

from __future__ import annotations

from benchmarks.load import wrk
from benchmarks.load.client import Client
from benchmarks.load.own import Own
from loadtests.rig.cores import Bound


def choose(core: Bound) -> Client:
    """Take wrk where it is installed, and ours elsewhere: the report names it."""
    program = wrk.find()
    return Own(core) if program is None else wrk.Wrk(program, core)
