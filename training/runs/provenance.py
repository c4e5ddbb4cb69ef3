"""Where a model came from: its data, its hyper-parameters, and the libraries that made it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from bundle.manifest import Provenance
from training.config import TrainConfig
from training.export.writer import library_versions
from training.models.fit import best
from training.models.widths import Fitted
from training.runs.material import Material


def provenance(
    config: TrainConfig, material: Material, fitted: Fitted, epochs_for_four_bits: Mapping[float, int]
) -> Provenance:
    """Describe a run; `fitted` is its model at width 1, and the epochs of fine-tuning are by width."""
    prepared = material.prepared
    chosen = config.model_dump(mode="json", exclude={"data", "data_dir", "name", "variants"})
    outcome = {
        "epochs_run": len(fitted.history),
        "best_epoch": best(fitted.history).number,
        "weights": fitted.model.count_params(),
        "fine_tuned_epochs": {f"{width:g}": epoch for width, epoch in epochs_for_four_bits.items()},
    }
    return Provenance(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        data=Path(config.data).name,  # where it lay on this machine is nobody else's business
        data_sha256=material.data.sha256,
        train_rows=len(prepared.x_train),
        validation_rows=len(prepared.x_validation),
        test_rows=len(prepared.x_test),
        hyperparameters=chosen | outcome,
        libraries=library_versions(),
    )
