"""SIGTERM and Ctrl-C, also when the main thread's call is never interrupted by them."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

#: The main thread takes no signals: as if each came just before its call blocked. The other threads take them.
_DEAF = """
import signal, sys, threading
from fleet.stop_signals import stopped_by_signals
stopping = threading.Event()
with stopped_by_signals(stopping.set, grace_seconds=float(sys.argv[1]), late_status=7, left_behind="left behind"):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    print("ready", flush=True)
    stopping.wait()
    print("stopping", flush=True)
    if len(sys.argv) > 2:
        threading.Event().wait()
"""
_INTERRUPTED = """
import threading
from fleet.stop_signals import stopped_by_signals
stopping = threading.Event()
try:
    with stopped_by_signals(stopping.set, interrupts=True):
        print("ready", flush=True)
        threading.Event().wait()
except KeyboardInterrupt:
    stopping.wait()
    print("interrupted", flush=True)
"""


def ended(program: str, *arguments: str, signals: list[signal.Signals]) -> tuple[int, str, str]:
    """Return a program's status, the rest of its stdout and its stderr after signals, each sent after a line of it."""
    command = [sys.executable, "-c", program, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for number in signals:
            assert process.stdout.readline()
            process.send_signal(number)
        out, err = process.communicate(timeout=30)
        return process.returncode, out, err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_block_that_ends_in_time_ends_in_order(number: signal.Signals) -> None:
    assert ended(_DEAF, "20", signals=[number]) == (0, "stopping\n", "")


def test_a_block_that_does_not_end_is_ended_and_says_what_is_left_behind() -> None:
    assert ended(_DEAF, "0.2", "forever", signals=[signal.SIGTERM]) == (7, "stopping\n", "left behind\n")


def test_the_second_signal_ends_it_at_once() -> None:
    status, _, err = ended(_DEAF, "20", "forever", signals=[signal.SIGTERM, signal.SIGINT])
    assert (status, err) == (128 + signal.SIGINT, "")


def test_an_interrupted_block_is_left_by_keyboard_interrupt() -> None:
    assert ended(_INTERRUPTED, signals=[signal.SIGINT]) == (0, "interrupted\n", "")
