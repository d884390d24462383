"""What the way through the pipe costs: the same SDK, the same simulator.

    ./test.sh --bench

Both sides read the same stream of about 5,000 events with ``client.responses.create``:
over HTTP from the simulator's Platform, and through signalbox, which asks that same
simulator. The difference for each event is the price of the pipe; it includes
signalbox's own reading of the HTTP stream.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import threading
import time
from pathlib import Path
from typing import Any, Callable

import openai

import signalbox

WORDS = 5000
ROUNDS = 5
SCHEMA: Any = {"format": {"type": "json_schema", "name": "long", "strict": True, "schema": {"const": " ".join(["word"] * WORDS)}}}
LONG: Any = {"model": "gpt-5.2-pro", "input": "x", "text": SCHEMA, "stream": True}
SHORT: Any = {"model": "gpt-5.2-pro", "input": "What is 2+2?"}


def median(measure: Callable[[], float]) -> float:
    measure()
    return statistics.median(measure() for _ in range(ROUNDS))


def per_event(client: openai.OpenAI) -> float:
    """Microseconds for one event, typed objects included."""
    began = time.perf_counter()
    count = sum(1 for _ in client.responses.create(**LONG))
    assert count > WORDS
    return (time.perf_counter() - began) / count * 1e6


def cpu_per_event(client: openai.OpenAI) -> float:
    """As per_event, in processor time of this program, its threads included; what other
    programs do on the machine does not count."""
    began = time.process_time()
    count = sum(1 for _ in client.responses.create(**LONG))
    assert count > WORDS
    return (time.process_time() - began) / count * 1e6


def per_event_raw(client: openai.OpenAI) -> float:
    """As per_event, without the SDK's parsing: the bytes of the stream only."""
    began = time.perf_counter()
    with client.responses.with_streaming_response.create(**LONG) as response:
        count = b"".join(response.iter_bytes()).count(b"\n\n")
    assert count > WORDS
    return (time.perf_counter() - began) / count * 1e6


def per_call(client: openai.OpenAI) -> float:
    """Milliseconds for a whole short answer."""
    began = time.perf_counter()
    for _ in range(20):
        client.responses.create(**SHORT)
    return (time.perf_counter() - began) / 20 * 1e3


def fifty_threads(client: openai.OpenAI) -> float:
    """Milliseconds until 50 streams at once have ended, each in a thread."""
    done: list[str] = []

    def one(number: int) -> None:
        stream = client.responses.create(model="gpt-5.2-pro", input=f"number {number}", stream=True)
        done.append("".join(e.delta for e in stream if e.type == "response.output_text.delta"))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(50)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == sorted(f'You asked: "number {n}"' for n in range(50))
    return (time.perf_counter() - began) * 1e3


def fifty_tasks(make: Callable[[], openai.AsyncOpenAI]) -> float:
    """As fifty_threads, in one event loop."""

    async def main() -> float:
        async def one(number: int) -> int:
            stream = await client.responses.create(model="gpt-5.2-pro", input=f"number {number}", stream=True)
            return sum([1 async for _ in stream])

        async with make() as client:
            began = time.perf_counter()
            await asyncio.gather(*(one(number) for number in range(50)))
            return (time.perf_counter() - began) * 1e3

    return asyncio.run(main())


def main() -> None:
    before = threading.active_count()
    with signalbox.Connection(simulate=True) as box:
        status = box.status()
        home = Path(status["file"]["path"])
        url = next(row["base_url"] for row in status["routes"] if row["route"] == "platform")
        key = json.loads(home.read_text())["OPENAI_API_KEY"]
        http = openai.OpenAI(base_url=url, api_key=key)
        ours = signalbox.OpenAI(box)
        rows = [
            ("one streamed event, typed (µs)", median(lambda: per_event(http)), median(lambda: per_event(ours))),
            ("of that: processor time here (µs)", median(lambda: cpu_per_event(http)), median(lambda: cpu_per_event(ours))),
            ("one streamed event, bytes only (µs)", median(lambda: per_event_raw(http)), median(lambda: per_event_raw(ours))),
            ("one short answer (ms)", median(lambda: per_call(http)), median(lambda: per_call(ours))),
            ("50 streams at once, threads (ms)", median(lambda: fifty_threads(http)), median(lambda: fifty_threads(ours))),
            (
                "50 streams at once, one event loop (ms)",
                median(lambda: fifty_tasks(lambda: openai.AsyncOpenAI(base_url=url, api_key=key))),
                median(lambda: fifty_tasks(lambda: signalbox.AsyncOpenAI(box))),
            ),
        ]
        pid = box.pid
    print(f"openai {openai.__version__}")
    print(f"| {'':40} | over HTTP | signalbox | difference |")
    print("|---|---|---|---|")
    for name, theirs, mine in rows:
        print(f"| {name:40} | {theirs:9.1f} | {mine:9.1f} | {mine - theirs:+10.1f} |")
    time.sleep(0.2)
    print(f"threads left behind: {threading.active_count() - before}; process {pid} left behind: {Path(f'/proc/{pid}').exists()}")


if __name__ == "__main__":
    main()
