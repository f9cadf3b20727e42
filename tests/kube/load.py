"""Asks a server without a break, until SIGTERM, and prints what came of it as JSON: `load.py SERVER CA
THREADS`.

The answer is known: whatever else comes, without a word that it is incomplete, is wrong.
"""

import json
import signal
import sys
import threading
import time

from dnstide.client import Client, DnstideError, Tls

WANTED = [10, 11, 12]


def main(server: str, ca: str, threads: int) -> None:
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    failed: list[str] = []
    wrong: list[str] = []
    seconds: list[float] = []

    def ask() -> None:
        with Client(server, tls=Tls(ca=ca)) as client:
            while not ended.is_set():
                begun = time.monotonic()
                try:
                    answer = client.volume("www.example.com/A", start="20240101", stop="20240103")
                    counts = [int(count) for count in answer[0].counts]
                    if counts != WANTED:
                        wrong.append(f"{counts}")
                except DnstideError as error:
                    failed.append(f"{time.strftime('%X')} {error}")
                seconds.append(time.monotonic() - begun)
                time.sleep(0.02)

    workers = [threading.Thread(target=ask) for _ in range(threads)]
    for worker in workers:
        worker.start()
    print("asking", flush=True)
    while not ended.is_set():  # a signal may come to a thread that does not wake this one
        time.sleep(0.1)
    for worker in workers:
        worker.join()
    print(json.dumps({"asked": len(seconds), "failed": failed, "wrong": wrong, "longest": max(seconds)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
