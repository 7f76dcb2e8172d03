"""A door to a server that can be shut in the middle of a conversation."""

import socket
import threading
from contextlib import suppress

LOCAL = "127.0.0.1"


class Door:
    """Forwards a free port of this machine to another one, until it is shut."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server((LOCAL, 0))
        self._open: list[socket.socket] = []
        self._armed = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """The port to knock at."""
        return int(self._listener.getsockname()[1])

    def shut_at_the_next_word(self) -> None:
        """Let one more message to the server pass, then shut."""
        self._armed.set()

    def shut(self) -> None:
        """End every conversation, and take no new one."""
        # A listener that is only closed is still waited at by the thread that accepts.
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection((LOCAL, self._target))
                self._open += [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._forward, args=pair, daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        from_client = source.getsockname()[1] == self.port if self._listener.fileno() > 0 else False
        with suppress(OSError):
            while said := source.recv(1 << 16):
                target.sendall(said)
                if from_client and self._armed.is_set():
                    self.shut()
