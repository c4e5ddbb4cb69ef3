"""Tests of the messages: what they are, and that nobody else's are in their way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf.descriptor_pool import Default

from service.rpc import messages

_PROTOS = Path(messages.__file__).parent / "protos"

# What a client brings: files of the same packages, in the pool that all share. It may come first or last.
_CLIENT = """
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import Default

files = {
    "inference": "inference.proto",
    "grpc.health.v1": "health.proto",
    "grpc.reflection.v1": "reflection.proto",
    "google.rpc": "status.proto",
}
for package, names in {
    "inference": ["ModelInferRequest", "ModelInferResponse", "ServerLiveRequest"],
    "grpc.health.v1": ["HealthCheckRequest", "HealthCheckResponse"],
    "grpc.reflection.v1": ["ServerReflectionRequest"],
    "google.rpc": ["Status"],
}.items():
    file = FileDescriptorProto(name=files[package], package=package)
    for name in names:
        file.message_type.add(name=name).field.add(name="other", number=9, type=9, label=1)
    Default().Add(file)
    assert Default().FindMessageTypeByName(f"{package}.{names[0]}").fields_by_name["other"]
"""
_SERVICE = """
import service.rpc.front
from service.rpc.messages import InferRequest

assert "raw_input_contents" in InferRequest.DESCRIPTOR.fields_by_name
"""


def test_the_descriptors_are_what_the_protos_say(tmp_path: Path) -> None:
    pytest.importorskip("grpc_tools")
    made = tmp_path / "descriptors.binpb"
    files = sorted(str(path) for path in _PROTOS.glob("*.proto"))
    # A process of its own: this one may hold libraries that it cannot be in one with.
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{_PROTOS}", "--include_imports"]
    subprocess.run([*command, f"--descriptor_set_out={made}", *files], check=True)
    assert (_PROTOS / "descriptors.binpb").read_bytes() == made.read_bytes()


def test_nothing_is_in_the_pool_that_all_share() -> None:
    for name in ("inference.ModelInferRequest", "grpc.health.v1.HealthCheckRequest", "google.rpc.Status"):
        with pytest.raises(KeyError):
            Default().FindMessageTypeByName(name)


@pytest.mark.parametrize("parts", [(_CLIENT, _SERVICE), (_SERVICE, _CLIENT)], ids=["first", "last"])
def test_a_client_of_the_same_names_may_be_in_the_process(parts: tuple[str, str]) -> None:
    done = subprocess.run([sys.executable, "-c", "".join(parts)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
