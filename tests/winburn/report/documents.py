# ruff: noqa: FBT003, E501 - a literal document: positions are fields
"""A fixed document with something of everything, gaps too, and texts that are hostile to each format."""

from __future__ import annotations

from winburn.report.content_review import Content, Kill, Leader, Pattern, Persona
from winburn.report.document import Document
from winburn.report.experiment_review import Advice, Arm, Evidence, ExperimentReview, Money, Result
from winburn.report.slo_review import Before, Correction, Forecast, Incident, Page, Paging, SloReview
from winburn.report.values import Decision, Missing, Period

START, HOUR, DAY = 1_699_833_600.0, 3600.0, 86400.0  # 2023-11-13, a Monday
END = START + 7 * DAY
PERIOD = Period(START, END, "last week", "UTC", release=True)
HOSTILE = '=HYPERLINK("x") | <b>"&\' `code` — ünïcode'


def line(low: float, high: float) -> tuple[tuple[float, float], ...]:
    return tuple((START + i * DAY / 2, high - (high - low) * i / 14) for i in range(15))


def checkout() -> SloReview:
    incident = Incident(START + 26 * HOUR, START + 27.5 * HOUR, 5400.0, 36000.0, 0.9, 620.0, going=False)
    small = Incident(END - HOUR, END, 40.0, 24000.0, 0.0066, 3.25, going=True)
    pages = (
        Page(incident.since + 120, incident.until + 300, "fast, medium", burnt=True, going=False),
        Page(START + 90 * HOUR, START + 90.1 * HOUR, "fast", burnt=False, going=False),
        Page(END - 60, END, "fast", Missing("no events were measured"), going=True),
    )
    return SloReview(
        name="checkout",
        group="zone=eu",
        service="shop",
        category="availability",
        objective="99.9",
        period="30d",
        labels=(("team", "payments"),),
        origin="the state store, in slots of 300 s",
        events=6_048_000.0,
        bad=6048.5,
        achieved=0.998999917,
        met=False,
        spent=1.25,
        remaining=-0.25,
        coverage=0.75,
        incidents=(incident, small),
        others=0.3434,
        paging=Paging("alerts", pages, 2, 7980.0, 0.5),
        corrections=(Correction(START + 3 * HOUR, START + 4 * HOUR, HOSTILE),),
        corrected_seconds=HOUR,
        forecast=Forecast(1.0, END + 2 * DAY),
        budget=(line(-0.25, 0.9)[:6], line(-0.25, 0.9)[8:]),
        before=Before(6_000_000.0, 600.0, 0.9999, "worse"),
    )


def quiet() -> SloReview:
    gone = Missing("nothing was measured")
    return SloReview(
        name="search",
        group="",
        service="search",
        category="performance",
        objective="99",
        period="this calendar month",
        labels=(),
        origin="nothing",
        events=gone,
        bad=gone,
        achieved=gone,
        met=gone,
        spent=gone,
        remaining=gone,
        coverage=0.0,
        incidents=(),
        others=gone,
        paging=gone,
        corrections=(),
        corrected_seconds=0.0,
        forecast=Forecast(gone, gone),
        budget=(),
    )


def button() -> ExperimentReview:
    none = Missing("the control is what the others are compared with")
    life = (
        Decision(START, "experiment", "button", "", "start", "ann", HOSTILE),
        Decision(START + DAY, "experiment", "button", "red", "kill", "winburn", "red is worse"),
    )
    results = (
        Result("sale", "proportion", "primary", "blue", True, 0.1, none, none, none, none, none, 0.0001, ""),
        Result("sale", "proportion", "primary", "green", False, 0.12, 0.2, 0.05, 0.36, 812.0, 1e-5, 0.9999, "better"),
        Result("sale", "proportion", "primary", "red", False, 0.0, -1.0, Missing("open"), -0.9, 1e30, 1e-30, 0.0, "worse"),
        Result("amount", "mean", "secondary", "green", False, 31.25, Missing("too few events"), *[Missing("too few events")] * 4, Missing("no units were counted"), ""),
    )  # fmt: skip
    return ExperimentReview(
        name="button",
        kind="ab_test",
        status="running",
        control="blue",
        metric="sale",
        labels=(("team", "growth"),),
        alpha=0.05,
        started_at=START,
        ended_at=Missing("it has not ended"),
        life=life,
        participants=20_000.0,
        arms=(
            Arm("blue", True, 10_000.0, 0.5, 0.5, False, Missing("it was not killed"), ""),
            Arm("green", False, 9_600.0, 0.48, 0.4, False, Missing("it was not killed"), ""),
            Arm("red", False, 400.0, 0.02, 0.1, True, START + DAY, "red is worse"),
        ),
        split_p=0.31,
        split_deviation=0.0012,
        split_broken=False,
        results=results,
        money=(
            Money("blue", "EUR", 120.0, none, none, none, none, none, none),
            Money("green", "EUR", 130.5, 250.0, 80.25, 420.0, 57.5, 17.4, 95.6),
        ),
        waiting_loss=(("EUR", 125.0),),
        remaining_units=1500.0,
        remaining_seconds=2 * DAY,
        advice=(Advice("green", "ship", "better", "Give green to everybody: it is better than blue, and the best."),),
        next_steps="Give green to everybody: +20 % sale (+5 to +36 %), and that is better.",
        evidence=Evidence(
            "counts",
            20.0,
            (("green", (tuple((START + i * DAY, 2.6**i) for i in range(8)),)), ("red", (((START, 1.0), (END, 1e30)),))),
        ),
    )


def draft() -> ExperimentReview:
    gone = Missing("no units were counted")
    return ExperimentReview(
        name="later",
        kind="feature_flag",
        status="draft",
        control="off",
        metric="clicks",
        labels=(),
        alpha=0.05,
        started_at=Missing("it runs since the spec says so"),
        ended_at=Missing("it has not ended"),
        life=(),
        participants=gone,
        arms=(Arm("off", True, gone, gone, 0.5, False, gone, ""), Arm("on", False, gone, gone, 0.5, False, gone, "")),
        split_p=gone,
        split_deviation=gone,
        split_broken=False,
        results=(
            Result("clicks", "rate", "primary", "off", True, gone, gone, gone, gone, gone, gone, gone, ""),
            Result("clicks", "rate", "primary", "on", False, gone, gone, gone, gone, gone, gone, gone, ""),
        ),
        money=(),
        waiting_loss=(),
        remaining_units=Missing("it is draft"),
        remaining_seconds=Missing("it is draft"),
        advice=(),
        next_steps="Start it when it is ready.",
        evidence=Missing("it is a draft"),
    )


def content() -> Content:
    none = Missing("nothing was predicted")
    return Content(
        kills=(Kill(START + HOUR, "teaser-2", "ann", "0 interactions with 216 views", 0.0, 0.06),),
        patterns=(Pattern("question", "ann", 3.0, 0.125, 0.0586, 10123.0, "fatigued"),),
        leaders=(
            Leader("story-3", "ann", "story", 4225.0, 0.085, 0.05, 0.7),
            Leader("poll", "ben", "", 90.0, 0.05, none, none),
        ),
        personas=(Persona("ann", 1.0, 0.2, 19.0, -0.165), Persona("", 0.0, *[Missing("no sessions")] * 3)),
        suggestions=("Rest the pattern question of ann: its engagement falls with its uses.",),
    )


def document() -> Document:
    """Everything."""
    return Document(
        PERIOD,
        (quiet(), checkout()),
        (button(), draft()),
        content(),
        button().life,
        ("shop-edge: source prometheus does not answer: connection refused",),
        ("Experiments are told as they stand.",),
    )


def empty() -> Document:
    """Nothing at all."""
    return Document(PERIOD, (), (), Missing("the spec has no content variants"), (), (), ())
