"""Run by test_process: a command that waits, and says so once it does."""

import sys
import threading
import time

from dnstide.cli.main import main

ask, folder = sys.argv[1:]

if ask == "server":
    import socket

    silent = socket.create_server(("127.0.0.1", 0))  # takes the connection and never says a word
    source = ["--server", f"127.0.0.1:{silent.getsockname()[1]}"]
    threading.Thread(target=lambda: (silent.accept(), print("waiting", flush=True)), daemon=True).start()
else:
    from dnstide import engine

    def wait(self, question, progress, cancel):
        print("waiting", flush=True)
        while not cancel.cancelled:
            time.sleep(0.01)
        raise AssertionError("nobody waits for this answer any more")

    engine.LocalEngine.volume = wait
    source = ["--mtbl-dir", folder]

sys.argv[1:] = ["vot", "www.example.com", *source, "--timeout", "0"]
main()
