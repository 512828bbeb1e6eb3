"""The landing page: what it says, that it is well-formed, and that nothing of a label becomes markup."""

from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.contract import Sample, optional, sample
from exporter.landing import page
from exporter.render import Exposition
from exporter.snapshot import build

VOID = {"meta", "link", "rect", "path", "circle"}


class Page(HTMLParser):
    """Collects text and checks that every element is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the base's
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the base's
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data.strip())

    @property
    def text(self) -> str:
        return " ".join(filter(None, self.words))


def shown(samples: list[Sample], **more: object) -> Page:
    snapshot = build(
        samples,
        own=Exposition(),
        at=1_795_300_000.0,
        expires=1.0,
        waiting=("slo:prod",) if more.pop("waiting", 0) else (),
    )
    return Page(page(snapshot, version="1.2.3", **more))  # type: ignore[arg-type]


def slo(name: str, status: float = 2.0, budget: float | None = -0.124) -> list[Sample]:
    return [
        sample("slo_info", 1, slo=name, slo_service="shop", category="quality", source="prod", period="30d"),
        sample("slo_objective_ratio", 0.995, slo=name),
        sample("slo_status", status, slo=name),
        *optional("slo_error_budget_remaining_ratio", budget, slo=name),
        *optional("slo_error_budget_remaining_seconds", None if budget is None else -1607.0, slo=name),
        sample("slo_burn_rate", 3.1, slo=name, window="5m"),
        sample("slo_events", 23_110, slo=name, window="1h"),
    ]


def test_an_slo_is_told_in_words_and_numbers_and_what_is_undefined_is_a_dash() -> None:
    text = shown(slo("search")).text
    assert "search shop · 99.5 % breached −12.4 % −26.8 min 3.10× – 23,110" in text
    assert text.startswith("(1 breached) winburn winburn 1.2.3")


def test_an_experiment_shows_lift_with_its_interval_and_a_killed_variant() -> None:
    labels = {"experiment": "button", "variant": "green"}
    samples = [
        sample("experiment_info", 1, experiment="button", kind="ab_test", control="blue", primary_metric="sales"),
        sample("experiment_status", 1, experiment="button", status="running"),
        sample("experiment_variant_participants", 48_377, **labels),
        sample("experiment_variant_win_ratio", 0.964, metric="sales", **labels),
        sample("experiment_variant_lift_ratio", 0.031, metric="sales", **labels),
        sample("experiment_variant_lift_upper_ratio", 0.059, metric="sales", **labels),
        sample("experiment_variant_early_kill", 1, **labels),
    ]
    text = shown(samples).text
    assert "button running by sales · 48,377 participants green killed 48,377 96.4 % +3.1 % −100.0 % to +5.9 %" in text


def test_before_and_after_its_time_the_page_says_so_and_shows_no_numbers() -> None:
    stale = shown(slo("search"), stale=True).text
    assert "too old to be shown" in stale
    assert "search" not in stale
    assert "breached" not in stale
    assert "Nothing has been evaluated yet." in Page(page(None, version="1")).text
    assert "Waiting for the first run of slo:prod." in shown([], waiting=1).text


def test_many_slos_are_cut_after_the_worst_hundred() -> None:
    samples = [one for i in range(130) for one in slo(f"slo-{i:03d}", 0 if i < 100 else 2)]
    text = shown(samples).text
    assert "30 more are left out here" in text
    assert text.index("slo-129") < text.index("slo-000")
    assert "slo-099" not in text


nasty = st.text(min_size=1, max_size=20) | st.sampled_from(["<script>alert(1)</script>", '"><img src=x>', "a&b", "'"])


@settings(max_examples=40, deadline=None)
@given(nasty, st.one_of(st.none(), st.floats(-1e9, 1e9)))
def test_no_label_becomes_markup_and_the_page_stays_well_formed(name: str, budget: float | None) -> None:
    name = name.encode("utf-8", "replace").decode()
    samples = [*slo(name, budget=budget), sample("winburn_source_up", 1, source=name)]
    plain = [*slo("x", budget=budget), sample("winburn_source_up", 1, source="x")]
    assert shown(samples).tags == shown(plain).tags
