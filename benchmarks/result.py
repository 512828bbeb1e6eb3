"""One line of the table of results."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured: both sides, how many times cheaper ours is, and what was promised (None: no promise)."""

    what: str
    ours: str
    theirs: str
    ratio: float
    bar: float | None = None

    @property
    def met(self) -> bool:
        """Whether the bar is reached; true where there is none."""
        return self.bar is None or self.ratio >= self.bar


def table(results: list[Result]) -> str:
    """The results as aligned text."""
    rows = _rows(results)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths).rstrip(), *lines[1:]])


def markdown(results: list[Result]) -> str:
    """The results as a table of Markdown."""
    head, *rows = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in _rows(results)]
    return "\n".join([head, "|---|---|---|---|---|---|", *rows])


def _rows(results: list[Result]) -> list[tuple[str, ...]]:
    return [("what", "ours", "peer", "ratio", "bar", "")] + [
        (
            each.what,
            each.ours,
            each.theirs,
            f"{each.ratio:,.{0 if each.ratio >= 10 else 1 if each.ratio >= 2 else 2}f}x",
            "" if each.bar is None else f">= {each.bar:,.0f}x",
            "" if each.bar is None else "met" if each.met else "MISSED",
        )
        for each in results
    ]
