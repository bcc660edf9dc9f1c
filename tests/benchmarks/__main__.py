"""`make bench`: every measurement, one line a figure with its unit and, where there is one, its bar.

`python -m tests.benchmarks NAME…` runs only those; each is also a module of its own with more options.
"""

import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
# Shared material of the others, not measurements.
NOT_A_BENCH = {"__init__", "__main__", "library", "crowd"}


def names() -> list[str]:
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem not in NOT_A_BENCH)


def main(wanted: list[str]) -> int:
    unknown = set(wanted) - set(names())
    if unknown:
        print(f"no such bench: {', '.join(sorted(unknown))}; there are {', '.join(names())}", file=sys.stderr)
        return 2
    failed = []
    for name in wanted or names():
        started = time.monotonic()
        print(f"# {name}", flush=True)
        if subprocess.call([sys.executable, "-m", f"tests.benchmarks.{name}"]):
            failed.append(name)
        print(f"# {name}: {time.monotonic() - started:.0f} s", flush=True)
    for name in failed:
        print(f"# {name} did not end well", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
