"""Certificates for one run of the tests, made by `openssl`; nothing of them is kept."""

import functools
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import NamedTuple

SERVER_NAME = "server.test"  # What every server's certificate is for.

needs_openssl = unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")

_SECONDS = 60  # A key takes milliseconds; this ends an `openssl` that hangs.
_NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


class Pair(NamedTuple):
    """A certificate and its key, in PEM."""

    certificate: bytes
    key: bytes


class Certificates(NamedTuple):
    """Two authorities that know nothing of each other, and what they have signed."""

    ca: bytes
    other_ca: bytes
    server: Pair
    expired_server: Pair
    client: Pair
    stranger: Pair  # A client's, signed by the other authority.


@functools.cache
def certificates() -> Certificates:
    """Makes them, once."""
    with tempfile.TemporaryDirectory() as folder:
        ours, other = Authority(Path(folder), "ours"), Authority(Path(folder), "other")
        return Certificates(
            ca=ours.certificate,
            other_ca=other.certificate,
            server=ours.sign("server", SERVER_NAME),
            expired_server=ours.sign("expired", SERVER_NAME, days=-1),
            client=ours.sign("client", "client.test"),
            stranger=other.sign("stranger", "client.test"),
        )


class Authority:
    """One that signs certificates, in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        files = ["-keyout", f"{name}.key", "-out", f"{name}.pem"]
        self._openssl("req", "-x509", *_NEW_KEY, *files, "-subj", f"/CN={name}", "-days", "1")

    @property
    def certificate(self) -> bytes:
        """Its own certificate."""
        return self._read(f"{self._name}.pem")

    def sign(self, name: str, host: str, days: int = 1) -> Pair:
        """A new key and its certificate for a host, good for so many days from now."""
        extensions = f"subjectAltName=DNS:{host}\nbasicConstraints=CA:FALSE\n"
        (self._folder / f"{name}.ext").write_text(extensions)
        files = ["-keyout", f"{name}.key", "-out", f"{name}.csr"]
        self._openssl("req", *_NEW_KEY, *files, "-subj", f"/CN={name}")
        signer = ["-CA", f"{self._name}.pem", "-CAkey", f"{self._name}.key", "-CAcreateserial"]
        files = ["-in", f"{name}.csr", "-extfile", f"{name}.ext", "-out", f"{name}.pem"]
        self._openssl("x509", "-req", *signer, *files, "-days", str(days))
        return Pair(self._read(f"{name}.pem"), self._read(f"{name}.key"))

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(
            ["openssl", *arguments],
            cwd=self._folder,
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
        )

    def _read(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()
