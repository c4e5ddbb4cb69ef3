from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.loadtests.conftest import ROOT, certified
from tests.patience import PATIENCE_S

# What a process trusts, it reads at the first connection: so this is one of its own.
_TWICE = """
import os, sys
from loadtests.protocol.endpoint import Endpoint
endpoint = Endpoint(sys.argv[1])
for _ in range(3):
    connection = endpoint.connect(timeout_s=float(sys.argv[3]))
    connection.send(endpoint.address.encode("GET", "/health/ready"))
    print(connection.receive()[0])
    connection.close()
    if os.path.exists(sys.argv[2]):
        os.remove(sys.argv[2])
"""


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_certificates_are_read_once_however_many_connections_there_are(
    start_fake: Callable[..., str], tmp_path: Path
) -> None:
    certificate, trusted = certified(tmp_path)
    port = start_fake("--certificate", str(certificate)).rpartition(":")[2]
    ended = subprocess.run(
        [sys.executable, "-c", _TWICE, f"https://localhost:{port}", str(trusted), str(PATIENCE_S)],
        cwd=ROOT,
        env={"SSL_CERT_FILE": str(trusted), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.stdout.split() == ["200"] * 3, ended.stderr
    assert not trusted.exists()
