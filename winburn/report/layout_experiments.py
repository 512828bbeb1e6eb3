"""The experiments of a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from winburn.report import words
from winburn.report.blocks import Block, Section, Table, Text, Tiles
from winburn.report.charts import evidence_chart
from winburn.report.experiment_review import ExperimentReview, Money, Result
from winburn.report.values import Missing, Period

DETAILS = 80


def experiment_sections(experiments: Sequence[ExperimentReview], period: Period) -> Section:
    """All of them in a table, then one by one."""
    heads = ("experiment", "status", "units", "best variant", "lift", "interval", "p", "verdict", "recommended")
    rows = tuple(words.once(_row(experiment)) for experiment in experiments)
    blocks: list[Block] = [Table("All experiments", heads, rows, frozenset({2, 4, 5, 6}))]
    if len(experiments) > DETAILS:
        blocks.append(Text(f"The first {DETAILS} follow one by one.", soft=True))
    blocks += [_section(one, period, i) for i, one in enumerate(experiments[:DETAILS])]
    return Section("Experiments", "experiments", 2, tuple(blocks))


def _best(experiment: ExperimentReview) -> Result | None:
    """The variant that is decided, or else the one with the most evidence."""
    found = [r for r in experiment.results if r.role == "primary" and not r.control]
    order = {"better": 0, "worse": 1}

    def rank(result: Result) -> tuple[int, float]:
        e_value = result.e_value if isinstance(result.e_value, float) else 0.0
        return order.get(result.verdict, 2), -e_value

    return min(found, key=rank, default=None)


def _row(experiment: ExperimentReview) -> tuple[str, ...]:
    best = _best(experiment)
    actions = dict.fromkeys(advice.action.replace("_", " ") for advice in experiment.advice)
    none = words.DASH
    return (
        experiment.name,
        experiment.status,
        words.count(experiment.participants),
        *(_said(best) if best else (none,) * 5),
        ", ".join(actions) or none,
    )


def _said(best: Result) -> tuple[str, ...]:
    bounds = words.interval(best.lower, best.upper)
    return best.variant, words.change(best.lift), bounds, words.probability(best.p_value), best.verdict or words.DASH


def _section(experiment: ExperimentReview, period: Period, i: int) -> Section:
    labels = "".join(f", {name} {value}" for name, value in experiment.labels)
    kind = experiment.kind.replace("_", " ")
    note = f"{kind} of {experiment.metric} against {experiment.control}; {experiment.status}{labels}"
    blocks: list[Block] = [Text(f"Next: {experiment.next_steps}"), *_tiles(experiment), *_results(experiment)]
    blocks += _evidence(experiment, period)
    blocks += [*_arms(experiment, period), *_money(experiment), *_advice(experiment), *_life(experiment, period)]
    return Section(experiment.name, f"experiment-{i + 1}", 3, tuple(blocks), note)


def _evidence(experiment: ExperimentReview, period: Period) -> list[Block]:
    chart = evidence_chart(experiment, period)
    if chart is not None:
        return [chart]
    why = experiment.evidence if isinstance(experiment.evidence, Missing) else Missing("nothing was counted")
    return [Text(f"Evidence over time: {words.gap(why)}.")]


def _tiles(experiment: ExperimentReview) -> Iterator[Block]:
    best = _best(experiment)
    if best is None or isinstance(experiment.participants, Missing):
        return
    tone = {"better": "good", "worse": "bad"}.get(best.verdict, "")
    yield Tiles(
        (
            (words.change(best.lift), f"{experiment.metric} of {best.variant}", tone),  # type: ignore[arg-type] # one of the tones
            (words.probability(best.p_value), "anytime-valid p-value", ""),
            (words.count(experiment.participants), "units", ""),
            (
                words.probability(experiment.split_p),
                "p of the split against the plan",
                "bad" if experiment.split_broken else "",
            ),
        )
    )


def _results(experiment: ExperimentReview) -> Iterator[Block]:
    if all(isinstance(result.value, Missing) for result in experiment.results):
        yield Text(f"Results: {words.gap(Missing('no units were counted'))}.")
        return
    heads = ("variant", "metric", "value", "lift", "interval", "e-value", "p", "win rate", "verdict")
    rows = tuple(words.once(_result(result)) for result in experiment.results)
    title = f"Results; intervals hold at {words.share(1 - experiment.alpha)}, however often they are looked at"
    yield Table(title, heads, rows, frozenset(range(2, 8)))


def _result(result: Result) -> tuple[str, ...]:
    value = words.exact_share(result.value) if result.kind == "proportion" else words.count(result.value)
    head = (result.variant, f"{result.metric} ({result.role})", value)
    if result.control:
        return (*head, "control", "", "", "", words.share(result.win), "")
    numbers = (words.change(result.lift), words.interval(result.lower, result.upper))
    more = (words.evidence(result.e_value), words.probability(result.p_value), words.share(result.win))
    return (*head, *numbers, *more, result.verdict or words.DASH)


def _arms(experiment: ExperimentReview, period: Period) -> Iterator[Block]:
    heads = ("variant", "units", "share", "planned", "killed")
    rows = tuple(
        (
            f"{arm.variant} (control)" if arm.control and arm.variant != "control" else arm.variant,
            words.count(arm.participants),
            words.share(arm.share),
            words.share(arm.planned),
            (f"{words.moment(arm.killed_at, period.timezone)}: {arm.killed_why}" if arm.killed_why else "yes")
            if arm.killed
            else "no",
        )
        for arm in experiment.arms
    )
    yield Table("Split of the traffic", heads, rows, frozenset({1, 2, 3}))
    if isinstance(experiment.split_p, Missing) or isinstance(experiment.split_deviation, Missing):
        return
    verdict = "it is broken: do not believe the results" if experiment.split_broken else "it is as planned"
    yield Text(
        f"Sample ratio: {verdict} (p = {words.probability(experiment.split_p)}, largest deviation "
        f"{words.share(experiment.split_deviation)})."
    )


def _money(experiment: ExperimentReview) -> Iterator[Block]:
    if not experiment.money:
        return
    heads = ("variant", "cost", "worth per day", "from", "to", "ROI", "from", "to")
    title = "Money: worth of giving the variant to everybody, against the control"
    yield Table(title, heads, tuple(_paid(one) for one in experiment.money), frozenset(range(1, 8)))
    others = [one for one in experiment.money if one.variant != experiment.control]
    reasons = dict.fromkeys(v.reason for one in others for v in (one.per_day, one.roi) if isinstance(v, Missing))
    if reasons:
        yield Text(f"{words.DASH}: {'; '.join(reasons)}.", soft=True)
    for currency, loss in experiment.waiting_loss:
        yield Text(f"Every day of waiting costs about {words.money(loss, currency)} at the present split.")


def _paid(one: Money) -> tuple[str, ...]:
    amounts = (one.per_day, one.per_day_lower, one.per_day_upper)
    return (
        one.variant,
        words.money(one.cost, one.currency),
        *(words.DASH if isinstance(v, Missing) else words.money(v, one.currency) for v in amounts),
        *(words.DASH if isinstance(v, Missing) else words.change(v) for v in (one.roi, one.roi_lower, one.roi_upper)),
    )


def _advice(experiment: ExperimentReview) -> Iterator[Block]:
    if not experiment.advice:
        return
    rows = tuple((a.variant, a.action.replace("_", " "), a.reason.replace("_", " "), a.text) for a in experiment.advice)
    yield Table("Recommendations", ("variant", "do", "because", "in words"), rows)
    remaining = experiment.remaining_units
    if not isinstance(remaining, Missing) and remaining > 0 and experiment.status == "running":
        left = experiment.remaining_seconds
        time = "" if isinstance(left, Missing) else f", about {words.duration(left)} at the present pace"
        yield Text(f"The minimum lift would be decided after {words.count(remaining)} more units{time}.")


def _life(experiment: ExperimentReview, period: Period) -> Iterator[Block]:
    if not experiment.life:
        yield Text(f"Life cycle: {experiment.status}; nothing has been changed by command or kill.")
        return
    heads = ("when", "what", "variant", "by", "why")
    rows = tuple(
        (words.moment(d.at, period.timezone, seconds=True), d.action, d.member or words.DASH, d.who, d.why)
        for d in experiment.life
    )
    yield Table("Life cycle", heads, rows)
