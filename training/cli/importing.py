"""`python -m training import`: from models that others made to a published bundle, and the proof of it."""

from __future__ import annotations

from training.cli.options import Options, with_options
from training.cli.proof import Proof, conclude
from training.cli.train import MODELS, Models
from training.imports.config import ImportConfig
from training.precisions import MIXED, precision_of

EXAMPLES = """Examples:

    python -m training import --model resnet.tflite --data cifar10.npz --scale 1 --labels labels.txt

    python -m training import --model resnet.h5 --data cifar10.npz --scale 1 --also vendor=resnet_int8.tflite
    --also large=resnet_large.tflite

    python -m training import --model churn.keras --data churn.csv --label left --normalizer standardize

    python -m training import --model person.tflite --data photos/ --image-size 96x96 --scale 0.00392

    python -m training import --model keywords.tflite --data frames.npy --unlabelled

    python -m training import --model resnet.tflite --data cifar10.npz --scale 1 --max-accuracy-drop 0.005
"""
_OF_TABLES = "a table whose columns are words is no row of numbers"
OPTIONS = Options(
    ImportConfig,
    without={
        "text": _OF_TABLES,
        "category": _OF_TABLES,
        "kind": "what a row is, the model tells",
        "missing": "a model that is trained already was not told what stands for a missing value",
    },
)
PROOF = Options(Proof, without={"repeats": "nothing is trained"})


@with_options(OPTIONS, PROOF)
def import_(config: ImportConfig, proof: Proof, *, models: Models = MODELS) -> None:
    """Put models that others made on a ladder: every precision of them, scored, proven and published.

    The model may be a .tflite, float or quantised, a .keras or .h5, or the folder of a SavedModel, whose rows
    have one shape and whose answers are probabilities, or logits, of two classes or more. Each is opened in a
    process of its own.
    """
    from training.cli.console import BarProgress, native_noise_kept_aside
    from training.export.worker import Worker
    from training.runs.importing import import_models

    with native_noise_kept_aside() as stderr, BarProgress(stderr) as progress, Worker() as convert:
        published = import_models(config, models, progress=progress, convert=convert, margin=proof.margin)
        for variant, reason in published.failures.items():
            progress.warn(f"variant {variant} is left out: {reason}")
    missing = [name for name in published.failures if precision_of(name) == MIXED.name]
    if "precisions" in config.model_fields_set:
        missing += published.failures
    conclude(proof, published, is_failure=bool(missing))
