"""Triton's server binary, as `nvidia-pytriton` brings it, with a model of its Python backend."""

from __future__ import annotations

import json
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from benchmarks.peers.batches import BATCH
from benchmarks.peers.classifier import VARIABLE

MODEL = "classifier"

_CONFIG = """
name: "{name}"
backend: "python"
max_batch_size: {batch}
dynamic_batching {{ }}
instance_group [ {{ count: 1 kind: KIND_CPU }} ]
input [ {{ name: "instances" data_type: TYPE_FP32 dims: [ {features} ] }} ]
output [
  {{ name: "predictions" data_type: TYPE_STRING dims: [ 1 ] }},
  {{ name: "probabilities" data_type: TYPE_FP32 dims: [ {classes} ] }}
]
"""


def main(description: str, port: str) -> None:
    fields = json.loads(Path(description).read_text(encoding="utf-8"))
    config = _CONFIG.format(
        name=MODEL, batch=BATCH, features=fields["features"], classes=len(fields["labels"])
    )
    serve(MODEL, config, Path(__file__).with_name("triton_model.py"), description, port)


def serve(name: str, config: str, source: Path, description: str, port: str) -> None:
    """Become a Triton with one model: its `config.pbtxt`, and the `model.py` that reads the description."""
    package = find_spec("pytriton")
    if package is None or package.origin is None:
        raise SystemExit("nvidia-pytriton is not installed here")
    home = Path(package.origin).parent / "tritonserver"
    folder = Path(description).parent
    # The stub that runs model.py is linked with one Python version; the wheel has one for each.
    backend = folder / "backends" / "python"
    shutil.copytree(home / "backends" / "python", backend)
    stub = home / "python_backend_stubs" / f"{sys.version_info.major}.{sys.version_info.minor}"
    shutil.copy(stub / "triton_python_backend_stub", backend)
    model = folder / "models" / name
    (model / "1").mkdir(parents=True)
    shutil.copy(source, model / "1" / "model.py")
    (model / "config.pbtxt").write_text(config, encoding="utf-8")
    site = Path(package.origin).parents[1]
    libraries = [site / "nvidia_pytriton.libs", Path(sys.base_prefix) / "lib"]
    environment = os.environ | {
        VARIABLE: description,
        "LD_LIBRARY_PATH": os.pathsep.join(map(str, libraries)),
        # The stub finds its packages as the first `python3` of the path does.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    command = [str(home / "bin" / "tritonserver"), "--model-repository", str(model.parent)]
    command += [
        "--backend-directory",
        str(backend.parent),
        "--http-address",
        "127.0.0.1",
        "--http-port",
        port,
    ]
    command += ["--allow-grpc", "false", "--allow-metrics", "false"]
    os.execve(command[0], command, environment)  # noqa: S606


if __name__ == "__main__":
    main(*sys.argv[1:])
