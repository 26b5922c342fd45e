"""A line between a client and a server whose client can be silenced."""

import contextlib
import socket
import threading


class HeldLine:
    """Forwards one connection to a server, until `hold`: what the client sends then is lost."""

    def __init__(self, address: str) -> None:
        host, port = address.split(":")
        self._server = host, int(port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = [self._listener]
        self._held = False
        self._threads: list[threading.Thread] = []
        self._spawn(self._accept)

    @property
    def address(self) -> str:
        """Where the client connects to."""
        return "127.0.0.1:{1}".format(*self._listener.getsockname())

    def hold(self) -> None:
        """Lets nothing more through from the client."""
        self._held = True

    def close(self) -> None:
        """Ends the line and its threads."""
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            client, _ = self._listener.accept()
            server = socket.create_connection(self._server)
            self._sockets += [client, server]
            self._spawn(self._forward, client, server, True)
            self._spawn(self._forward, server, client, False)

    def _forward(self, source: socket.socket, sink: socket.socket, may_hold: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if may_hold and self._held:
                    return
                sink.sendall(data)

    def _spawn(self, work, *arguments) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()
