package wirecheckpeer

// The ways in which an order or the whole conversation can go wrong.

// brokenContract: the other side does not speak the contract; nothing after it can be trusted.
type brokenContract struct{ what string }

func (e *brokenContract) Error() string { return e.what }

// unsupportedError: the order needs a feature that this peer or grpc-go lacks.
type unsupportedError struct{ feature string }

func (e *unsupportedError) Error() string { return e.feature }

// couldNotTryError: the peer failed at the attempt. A status of a call is not this.
type couldNotTryError struct{ why string }

func (e *couldNotTryError) Error() string { return e.why }
