"""How fast ``ferryman cost --logs`` reads an access log of a balancer, and in what memory.

    python benchmarks/logs.py [--size 1GB] [--gzip]

Writes a log of the size that is asked for, whole, and reads it in a process of its own on
one core. CPU time is that process's, from the operating system; so is the most memory it had.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

WEEK = 7 * 24 * 3600
START = 1_767_571_200  # 2026-01-05, a Monday

READ = """
import sys
from ferryman.cost.traffic.reading import read_logs
from ferryman.cost.traffic.log_files import find_sources
found = read_logs(find_sources(sys.argv[1:]))
print(found.requests, found.unread.lines)
"""

LINE = (
    "https {time} app/shop/50dc6c495c0c9188 203.0.113.{host}:{port} 10.0.{zone}.17:8080"
    " 0.000 {target:.3f} 0.000 {status} {status} {size_in} {size_out}"
    ' "GET https://shop.example.com:443/cards/{card}?page=2 HTTP/1.1"'
    ' "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"'
    " TLS_AES_128_GCM_SHA256 TLSv1.3"
    " arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/shop/73e2d6bc24d8a067"
    ' "Root=1-58337262-36d228ad5d99923122bbe354" "shop.example.com"'
    ' "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"'
    ' 0 {time} "forward" "-" "-" "10.0.{zone}.17:8080" "{status}" "-" "-"\n'
)


def size(text: str) -> int:
    """Return bytes, from texts such as 100MB."""
    for suffix, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if text.endswith(suffix):
            return int(float(text.removesuffix(suffix)) * factor)
    return int(text)


def write(stream: BinaryIO, most: int) -> int:
    """Write a week of a balancer's log, of so many bytes; return its lines."""
    draw = random.Random(1)
    step = WEEK / (most / 690)
    written = lines = 0
    while written < most:
        moment = START + lines * step
        stamp = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        row = LINE.format(
            time=stamp,
            host=draw.randrange(256),
            port=draw.randrange(1024, 65536),
            zone=draw.randrange(3),
            target=draw.expovariate(20),
            status=500 if draw.random() < 0.002 else 200,
            size_in=draw.randrange(200, 900),
            size_out=draw.randrange(500, 9000),
            card=draw.randrange(10**6),
        ).encode()
        stream.write(row)
        written += len(row)
        lines += 1
    return lines


def main() -> None:
    """Write, read, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=size, default="1GB", help="of the log, unpacked")
    parser.add_argument("--gzip", action="store_true", help="pack the log")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--keep", type=Path, help="keep the log in this folder")
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        path = (flags.keep or Path(scratch)) / ("alb.log.gz" if flags.gzip else "alb.log")
        with gzip.open(path, "wb", 6) if flags.gzip else path.open("wb") as stream:
            lines = write(cast("BinaryIO", stream), flags.size)
        stored = path.stat().st_size
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", READ, str(path)], check=True, capture_output=True, text=True
        )
        elapsed = time.monotonic() - begun
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.split() == [str(lines), "0"], done.stdout
    cpu = used.ru_utime + used.ru_stime
    if flags.json:
        print(
            json.dumps(
                {"bytes": flags.size, "lines": lines, "cpu_s": cpu, "rss_kib": used.ru_maxrss}
            )
        )
        return
    print(f"{flags.size / 1e6:,.0f} MB ({stored / 1e6:,.0f} MB stored), {lines:,} lines")
    print(f"CPU time {cpu:.1f} s, elapsed {elapsed:.1f} s, at most {used.ru_maxrss / 1024:.0f} MiB")
    print(f"{cpu / lines * 1e6:.2f} microseconds of CPU a line")


if __name__ == "__main__":
    main()
