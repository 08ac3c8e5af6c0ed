"""Whatever a jail sends, the judge stays whole: minutes of fuzzing on everything that reads hostile bytes.

    make proof PART=fuzz           # or: python proofs/fuzz.py --out runs/proof-fuzz --minutes 10 --seed 0

Each target (`fuzz_targets.py`) is a function of bytes that may return, or raise what its documentation names. Anything
else is a finding: another exception, a crash, more than two seconds of processor time, more than 500 MB. A finding is
saved in the out folder as the bytes (`.bin`) and the reason (`.txt`); `--replay FILE --only TARGET` runs it again.

With `atheris` (`pip install atheris`) libFuzzer chooses the inputs by coverage; without it, a mutator of our own keeps
the inputs that take a new route. `--only planted` has four planted faults, all of which must be found. Each target
runs in a process of its own, so that a crash or an endless call is a finding too, and the fuzzing goes on. Exit code 1
where there are findings.
"""

import argparse
import hashlib
import importlib.util
import mmap
import os
import random
import resource
import struct
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fuzz_targets import Target

SECONDS, STUCK_SECONDS, MEMORY = 2.0, 20.0, 500 << 20
LARGEST = 1 << 20
BOARD = struct.Struct("<QQdI")  # calls done, findings, clock when the present call began, its bytes
ROOM = 64 + 2 * LARGEST
TRACED = 8  # one call in so many is traced by our own mutator
KEPT = 4000
SAVED = 50  # findings of one target; more are counted
TAGS = b"NTFiIfcsubBMrRltSZQdCDOEzahAgpxyYvqdojvofsemn.\x00\x01\x02\x04\xff"
NUMBERS = (0, 1, 2, 4, 0x7F, 0xFF, 0xFFFF, 100_000, 1_000_001, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)


class Board:
    """A few bytes shared by a target's process and its parent: the count, and the input being tried."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(ROOM))
        with path.open("r+b") as file:
            self.memory = mmap.mmap(file.fileno(), ROOM)

    def state(self) -> tuple[int, int, float, int]:
        """Calls, findings, when the present call began (0 for none), bytes of its input."""
        done, findings, since, size = BOARD.unpack_from(self.memory)
        return done, findings, since, size

    def set(self, done: int, findings: int, since: float, data: bytes) -> None:
        """Says what is being tried."""
        self.memory[64 : 64 + len(data)] = data
        BOARD.pack_into(self.memory, 0, done, findings, since, len(data))


class Tried:
    """One target under watch: calls it, counts, and saves what it should not have done."""

    def __init__(self, target: "Target", out: Path, board: Board) -> None:
        self.target, self.out, self.board = target, out, board
        self.done, self.findings, _, _ = board.state()

    def call(self, data: bytes) -> str:
        """Tries one input; says what came of it."""
        data = data[:LARGEST]
        self.board.set(self.done, self.findings, time.monotonic(), data)
        start, said = time.process_time(), "value"
        try:
            self.target.call(data)
        except self.target.documented as error:
            said = f"{type(error).__name__}: {error}"
        except Exception as error:
            said = f"finding: {type(error).__name__}"
            self.save(data, "".join(traceback.format_exception(error)))
        took = time.process_time() - start
        if took > SECONDS:
            self.save(data, f"{took:.1f} s of processor time")
        self.done += 1
        self.board.set(self.done, self.findings, 0.0, b"")
        return said

    def save(self, data: bytes, why: str) -> None:
        """Saves a finding."""
        self.findings += 1
        if self.findings <= SAVED:
            save(self.out, self.target.name, data, why)


def save(out: Path, name: str, data: bytes, why: str) -> None:
    """Writes the bytes and the reason of a finding, and says so."""
    place = out / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}"
    place.with_suffix(".bin").write_bytes(data)
    place.with_suffix(".txt").write_text(why)
    print(f"FINDING in {name}: {why.strip().splitlines()[-1][:200]} ({place}.bin, {len(data)} bytes)", flush=True)


def mutated(chance: random.Random, corpus: list[bytes]) -> bytes:
    """An input made from one or two others by a few changes."""
    data = bytearray(chance.choice(corpus))
    for _ in range(chance.choice((1, 1, 2, 3, 5, 9))):
        at = chance.randrange(len(data) + 1)
        chance.choice(CHANGES)(chance, data, at, corpus)
        del data[LARGEST:]
    return bytes(data)


def _flip(chance: random.Random, data: bytearray, at: int, corpus: list[bytes]) -> None:
    if at < len(data):
        data[at] ^= 1 << chance.randrange(8)


def _tag(chance: random.Random, data: bytearray, at: int, corpus: list[bytes]) -> None:
    data[at : at + 1] = bytes([chance.choice(TAGS)])


def _number(chance: random.Random, data: bytearray, at: int, corpus: list[bytes]) -> None:
    number = chance.choice((*NUMBERS, len(data), max(0, len(data) - at - 4)))
    data[at : at + 4] = struct.pack("<I", number)


def _cut(chance: random.Random, data: bytearray, at: int, corpus: list[bytes]) -> None:
    del data[at : at + chance.choice((1, 1, 2, 4, 8, 100))]


def _repeat(chance: random.Random, data: bytearray, at: int, corpus: list[bytes]) -> None:
    piece = data[at : at + chance.choice((1, 6, 10, 40))]
    data[at:at] = piece * chance.choice((1, 2, 10, 200, 5000))


def _insert(chance: random.Random, data: bytearray, at: int, corpus: list[bytes]) -> None:
    data[at:at] = chance.choice(corpus)


def _splice(chance: random.Random, data: bytearray, at: int, corpus: list[bytes]) -> None:
    other = chance.choice(corpus)
    data[at:] = other[chance.randrange(len(other) + 1) :]


def _wrap(chance: random.Random, data: bytearray, at: int, corpus: list[bytes]) -> None:
    count = chance.choice((1, 1, 2, 3, 100))
    data[:] = bytes([chance.choice(b"ltSZQdCDO")]) + struct.pack("<I", count) + b"v" + data * count


def _random(chance: random.Random, data: bytearray, at: int, corpus: list[bytes]) -> None:
    data[at:at] = chance.randbytes(chance.choice((1, 4, 8, 16)))


CHANGES = (_flip, _flip, _tag, _tag, _number, _number, _cut, _repeat, _insert, _splice, _wrap, _random)


class Route:
    """Which lines a call runs, as one number."""

    def __init__(self) -> None:
        self.lines: set[tuple[str, int]] = set()

    def __call__(self, frame: Any, event: str, argument: Any) -> Any:
        self.lines.add((frame.f_code.co_filename, frame.f_lineno))
        return self


def explore(tried: Tried, seconds: float, seed: int) -> None:
    """Our own mutator: an input that takes a new route, or is answered in a new way, becomes one to start from."""
    chance, corpus, seen = random.Random(seed), list(tried.target.seeds), set()
    for data in corpus:
        tried.call(data)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = mutated(chance, corpus)
        route = Route()
        if chance.randrange(TRACED) == 0 and len(data) < 10_000:
            sys.settrace(route)
        said = tried.call(data)
        sys.settrace(None)
        new = hash((said, frozenset(route.lines)))
        if new not in seen and len(data) < 10_000:
            seen.add(new)
            corpus.append(data)
            if len(corpus) > KEPT:
                corpus[chance.randrange(len(tried.target.seeds), len(corpus))] = corpus.pop()


def explore_with_atheris(tried: Tried, seconds: float, seed: int, corpus: Path) -> None:
    """Atheris: libFuzzer's mutations, led by the coverage of the sandbox's modules. It ends the process."""
    import atheris

    corpus.mkdir(exist_ok=True)
    for data in tried.target.seeds:
        (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    flags = [f"-max_total_time={max(1, int(seconds))}", f"-seed={seed + 1}", "-rss_limit_mb=0", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *flags, "-max_len=20000", str(corpus)], lambda data: (tried.call(data), None)[1])
    atheris.Fuzz()


def work(options: argparse.Namespace) -> None:
    """The process of one target, for a given time."""
    if options.engine == "atheris":
        import atheris

        with atheris.instrument_imports(include=["etude.sandbox"]):
            target = named(options.only)
    else:
        target = named(options.only)
    tried = Tried(target, options.out, Board(options.out / f"{target.name}.board"))
    limit = _own_size() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if options.engine == "atheris":
        explore_with_atheris(tried, options.seconds, options.seed, options.out / f"{target.name}-corpus")
    else:
        explore(tried, options.seconds, options.seed)


def named(name: str) -> "Target":
    """The target of that name. It is imported here so that atheris can look on."""
    import fuzz_targets

    return next(item for item in [*fuzz_targets.targets(), fuzz_targets.PLANTED] if item.name == name)


def _own_size() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def watch(name: str, options: argparse.Namespace, seconds: float, begun: float, total: float) -> tuple[int, int]:
    """Fuzzes one target in processes of its own.

    Returns:
        Calls and findings.
    """
    place = options.out / f"{name}.board"
    place.unlink(missing_ok=True)
    board, end, seed = Board(place), time.monotonic() + seconds, options.seed
    while (left := end - time.monotonic()) > 0.5:
        command = [sys.executable, __file__, "--work", "--only", name, "--out", str(options.out)]
        command += ["--engine", options.engine, "--seconds", str(left), "--seed", str(seed)]
        quiet = None if options.engine == "own" else subprocess.DEVNULL
        process = subprocess.Popen(command, stderr=quiet, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"})
        why = _wait(process, board, name, end, begun, total)
        done, findings, since, size = board.state()
        if why or (process.returncode and since):
            save(options.out, name, bytes(board.memory[64 : 64 + size]), why or f"it ended with {process.returncode}")
            board.set(done + 1, findings + 1, 0.0, b"")
        elif process.returncode:
            sys.exit(f"{name}: the fuzzing itself failed with {process.returncode}")
        seed += 1
    done, findings, _, _ = board.state()
    place.unlink()
    return done, findings


def _wait(process: "subprocess.Popen[bytes]", board: Board, name: str, end: float, begun: float, total: float) -> str:
    """Waits for a target's process and prints how far it is; what was wrong where it had to be killed."""
    shown = time.monotonic()
    before = board.state()[0]
    while process.poll() is None:
        time.sleep(0.2)
        now = time.monotonic()
        done, findings, since, _ = board.state()
        if since and now - since > STUCK_SECONDS:
            process.kill()
            process.wait()
            return f"no end after {STUCK_SECONDS:.0f} s"
        if now > end + STUCK_SECONDS:
            process.kill()
        if now - shown > 10:
            rate, left = (done - before) / (now - shown), max(0.0, total - (now - begun))
            print(f"{name}: {done:,} calls, {rate:,.0f} per second, {findings} findings, {left:.0f} s left", flush=True)
            shown, before = now, done
    return ""


def main() -> int:
    """Fuzzes every target for its share of the time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/proof-fuzz"))
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="names of targets, separated by commas")
    parser.add_argument("--engine", choices=("auto", "own", "atheris"), default="auto")
    parser.add_argument("--replay", type=Path, help="run one saved input on the target of --only")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.replay:
        print(named(options.only).call(options.replay.read_bytes()))
        return 0
    options.out.mkdir(parents=True, exist_ok=True)
    if options.work:
        work(options)
        return 0
    if options.engine == "auto":
        options.engine = "atheris" if importlib.util.find_spec("atheris") else "own"
    return fuzz(options)


def fuzz(options: argparse.Namespace) -> int:
    """All targets in turn; the decoder gets half of the time.

    Returns:
        1 where there are findings.
    """
    import fuzz_targets

    names = options.only.split(",") if options.only else [target.name for target in fuzz_targets.targets()]
    shares = {name: 4.0 if name == "wire" else 2.0 if name in ("reading", "again") else 0.5 for name in names}
    begun, total = time.monotonic(), options.minutes * 60
    print(f"engine {options.engine}, seed {options.seed}, {options.minutes:g} minutes: {', '.join(names)}", flush=True)
    calls = findings = 0
    for name in names:
        done, found = watch(name, options, total * shares[name] / sum(shares.values()), begun, total)
        print(f"{name}: {done:,} calls, {found} findings", flush=True)
        calls, findings = calls + done, findings + found
    print(f"{calls:,} calls in {time.monotonic() - begun:.0f} s, {findings} findings")
    return int(findings > 0)


if __name__ == "__main__":
    sys.exit(main())
