"""The ways in which an order or the whole conversation can go wrong."""


class BrokenContract(Exception):
    """The other side does not speak the contract; nothing after it can be trusted."""


class UnsupportedError(Exception):
    """The order needs a feature that this peer or grpcio lacks; carries the feature's name."""

    def __init__(self, feature: str) -> None:
        super().__init__(feature)
        self.feature = feature


class CouldNotTryError(Exception):
    """The peer failed at the attempt; the text says why. A status of a call is not this."""
