"""The parts of the model that are trained, by name, as the command line asks for them."""

import argparse
from functools import partial
from importlib import import_module

import torch

from synthesis.training import held_out
from synthesis.training.data import Shards
from synthesis.training.peers import Peers
from synthesis.training.run import Plan
from synthesis.tts.config import SIZES

# Peak learning rates.
RATES = {"aligner": 1e-3, "speaker": 1e-3, "acoustic": 1e-3, "vocoder": 6e-4, "polish": 4e-4, "gloss": 2e-4}
WATCHED = ("acoustic", "polish")  # runs whose held-out sentences are looked at as they go


def train(peers: Peers, asked: argparse.Namespace) -> None:
    """One worker's part of `python -m synthesis.training STAGE`."""
    torch.manual_seed(asked.seed + peers.rank)
    part = import_module(f"synthesis.training.train_{asked.stage}")
    shards, config = Shards(asked.work / "shards"), SIZES[asked.size]
    watched = partial(held_out.look, config=config, shards=shards) if asked.stage in WATCHED else None
    plan = Plan(asked.minutes, asked.rate or RATES[asked.stage], asked.device, asked.cool, look=watched)
    part.train(shards, asked.work / asked.stage, config, plan, asked.batch, peers)
