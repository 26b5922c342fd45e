"""The peers `python-grpcio` (threads) and `python-grpcio-aio` (asyncio).

Both keep the contract of `proto/wirecheck/v1/peer.proto`. What does not depend on how grpcio is
driven is shared; the modules `sync_*` and `aio_*` hold the same names in the same order, so that
two of them can be read side by side.
"""
