"""The open loop against a server that stalls, in a process of its own: what is reported, and what is true."""

import json
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from modelqa.checks.load import closed_loop, open_loop
from modelqa.models.http import find

RATE, CALLS = 100, 1000
STALLING = """
import asyncio, json, sys, time
came, went = {}, {}
async def handle(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            length = head.lower().partition(b"content-length:")[2].split()[0]
            number = int(json.loads(await reader.readexactly(int(length)))["dataframe_split"]["data"][0][0])
            came[number] = time.monotonic()
            if number == 300:
                time.sleep(1.0)  # nobody is served meanwhile
            writer.write(b'HTTP/1.1 200 OK\\r\\nContent-Length: 22\\r\\n\\r\\n{"predictions": [0.5]}')
            await writer.drain()
            went[number] = time.monotonic()
    except asyncio.IncompleteReadError:
        writer.close()
async def main():
    server = await asyncio.start_server(handle, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    print(json.dumps([came, went]), flush=True)
asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.parametrize("loop", ["open", "closed"])
def test_the_reported_p99_is_the_true_one(loop: str) -> None:
    """Within 10% where calls are timed from when they were due; one caller in turn sees next to nothing."""
    frames = [pd.DataFrame({"number": [float(number)]}) for number in range(CALLS)]
    command = [sys.executable, "-c", STALLING]
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere, text=True) as server:
        assert server.stdout is not None
        model = find(f"http://127.0.0.1:{int(server.stdout.readline())}/invocations").load()
        if loop == "open":
            sample = open_loop(model, frames, rate=RATE, calls=CALLS, clock=time.perf_counter)
        else:
            sample = closed_loop(model, frames, concurrency=1, calls=CALLS, clock=time.perf_counter)
        told, _ = server.communicate("\n", timeout=30)
        model.close()  # type: ignore[attr-defined]
    came, went = ({int(number): when for number, when in part.items()} for part in json.loads(told))
    began = min(came[number] - number / RATE for number in range(CALLS))
    true = [went[number] - (began + number / RATE) for number in range(CALLS)]
    reported = float(np.quantile(sample.times, 0.99))
    print(
        f"{loop} loop: reported p99 {reported:.3f} s",
        f"true {np.quantile(true, 0.99):.3f} s" if loop == "open" else "",
    )
    assert len(sample.times) == CALLS
    if loop == "open":
        assert reported == pytest.approx(float(np.quantile(true, 0.99)), rel=0.10)
    else:
        assert reported < 0.3
