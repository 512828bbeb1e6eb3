"""Tables of docs/low-traffic.md: ``python -m benchmarks.low_traffic [--months N]``. A simulation, no timing."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.low_traffic_model import (
    RULES,
    TICKETS,
    Floats,
    Past,
    Service,
    alerts_when_new,
    delays,
    false_alerts,
)

INDEPENDENT = tuple(Service(rate) for rate in (10, 30, 60, 100, 300, None))
IN_BURSTS = (Service(60, 3), Service(300, 10))
HARDER = (
    *(Service(rate, 3) for rate in (10, 30)),
    Service(60, 3, gap=60),
    Service(300, 10, gap=60),
    Service(1000, 10),
    Service(60, 3, varied=True),
    Service(300, 10, varied=True),
)
BEFORE = (Past(), Past(outages=1), Past(outages=2), Past(outages=4), Past(outages=4, minutes=5), Past(days=1))


def line(*cells: object) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(map(str, cells))} |"


def false_alert_rows(services: Sequence[Service], months: int) -> Iterator[str]:
    """False pages and, by our rule, false tickets a month."""
    for i, service in enumerate(services):
        pages = false_alerts(service, months, [1, i])
        tickets = false_alerts(service, months, [1, i], TICKETS)
        yield line(
            service, *(f"{pages[rule]:.2f}" for rule in RULES), f"{tickets['plain']:.2f}", f"{tickets['ours']:.2f}"
        )


def new_service_rows(services: Sequence[Service], months: int) -> Iterator[str]:
    """False pages in the first month."""
    for i, service in enumerate(services):
        pages = alerts_when_new(service, months, [2, i])
        yield line(service, *(f"{pages[rule]:.2f}" for rule in RULES))


def delay_rows(services: Sequence[Service], times: int) -> Iterator[str]:
    """Median and 90th percentile of the delays of pages, and of our first alert of any tier."""
    for i, service in enumerate(services):
        for error in (1.0, 0.1, 0.02):
            pages, any_tier = delays(service, error, times, [3, i])
            shown = [*(pages[rule] for rule in RULES), any_tier["ours"]]
            yield line(service, f"{error:.0%}", *map(_quantiles, shown))


def past_rows(services: Sequence[Service], times: int) -> Iterator[str]:
    """The same of pages after outages in the past."""
    for i, service in enumerate(services):
        for past in BEFORE:
            for error in (1.0, 0.1):
                pages, _ = delays(service, error, times, [4, i], past)
                before = f"{past.outages} of {past.minutes} min" if past.outages else "none"
                before = "new service" if past.days == 1 else before
                yield line(service, before, f"{error:.0%}", *(_quantiles(pages[rule]) for rule in RULES))


def _quantiles(minutes: Floats) -> str:
    ordered = np.sort(minutes)
    both = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.9))
    return " / ".join(f"{value:.1f}" if np.isfinite(value) else "never" for value in both)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--months", type=int, default=60, help="simulated months of each service (default 60)")
    months = parser.parse_args().months
    times = 10 * months
    rates = ((10, 1), (60, 1), (300, 1), (1000, 1), (10, 3), (60, 3), (300, 10), (1000, 10))
    background = [Service(rate, burst) for rate, burst in rates]
    tables = (
        ("service", *RULES, "tickets: plain", "tickets: ours"),
        false_alert_rows((*INDEPENDENT, *IN_BURSTS, *HARDER), months),
        ("new service", *RULES),
        new_service_rows((Service(60), *IN_BURSTS), months),
        ("service before", "errors", *RULES, "ours, any tier"),
        delay_rows(background, times),
        ("service before", "outages in 30 d", "errors", *RULES),
        past_rows((Service(60), Service(300)), times),
    )
    for head, rows in zip(tables[::2], tables[1::2], strict=True):
        print(line(*head), line(*("---" for _ in head)), sep="\n")
        for row in rows:
            print(row, flush=True)
        print()


if __name__ == "__main__":
    main()
