"""Holds the stubs that `make python` generates from `proto/hello.proto`."""
