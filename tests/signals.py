"""Signals that a shell has the tests ignore, as one does that starts them in the background."""

import signal

ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)


def stop_passing_on_ignored() -> None:
    """Start programs from now on with the signals that a terminal sends as they usually are.

    What is ignored is ignored by every program that is started; a handler ends with `exec`.
    """
    for number in ENDING:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
