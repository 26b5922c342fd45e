"""The generated code of `proto/grpc/testing`, the interface of the official interop cases."""

import functools
import importlib
import pkgutil
from types import ModuleType

import grpc

PACKAGE = "grpc.testing"


@functools.cache
def module(name: str) -> ModuleType:
    """One of its modules, such as `messages_pb2`.

    grpcio's own package has the name that the generated code has to have: its folder below
    `generated` becomes a part of that package.
    """
    grpc.__path__ = pkgutil.extend_path(grpc.__path__, grpc.__name__)
    return importlib.import_module(f"{PACKAGE}.{name}")
