"""The picture of the house: the way of the data, and who stands where."""

from __future__ import annotations

from docs._generate.draw import BLUE, GREEN, GREY, INK, ORANGE, box, picture, rule, words

_ROOMS = (  # x, y, width, colour, name, what it does
    (20, 150, 96, BLUE, "spec", "YAML, checked"),
    (150, 150, 106, BLUE, "sources", "Prometheus, SQL"),
    (290, 150, 112, BLUE, "collectors", "spec to samples"),
    (436, 150, 102, BLUE, "snapshot", "finished bytes"),
    (572, 150, 92, BLUE, "web", "only copies"),
    (262, 40, 74, GREEN, "stats", "pure functions"),
    (356, 40, 74, GREEN, "ledger", "any window"),
    (290, 250, 112, GREY, "state", "survives restarts"),
    (436, 250, 102, ORANGE, "notify", "the fast path"),
    (20, 250, 150, BLUE, "alert_rules", "rules, routes, their tests"),
    (20, 340, 150, BLUE, "dashboards", "Grafana JSON"),
    (716, 150, 120, ORANGE, "Prometheus", "scrapes, evaluates"),
    (716, 250, 120, ORANGE, "Alertmanager", "pages, tickets"),
    (716, 50, 120, ORANGE, "Grafana", "shows"),
)
_ARROWS = (
    ((116, 172), (150, 172)),
    ((256, 172), (290, 172)),
    ((402, 172), (436, 172)),
    ((538, 172), (572, 172)),
    ((664, 172), (716, 172)),
    ((318, 84), (330, 150)),
    ((374, 84), (362, 150)),
    ((346, 194), (346, 250)),
    ((487, 194), (487, 250)),
    ((538, 272), (716, 272)),
    ((50, 194), (50, 250)),
    ((776, 194), (776, 250)),
    ((776, 150), (776, 94)),
)
_HEIGHT = 44


def house() -> str:
    """The picture."""
    parts = ['<defs><marker id="a" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">']
    parts.append(f'<path d="M0,0 L8,4 L0,8 z" fill="{GREY}"/></marker></defs>')
    parts.append(words(20, 24, "The way of the data: one direction, no way back"))
    parts += [rule(*begin, *end, more=' marker-end="url(#a)" stroke-width="1.5"') for begin, end in _ARROWS]
    for x, y, width, colour, name, what in _ROOMS:
        parts.append(box(x, y, width, _HEIGHT, fill="#ffffff", stroke=colour))
        parts.append(words(x + width / 2, y + 19, name, colour=colour, size=15, anchor="middle"))
        parts.append(words(x + width / 2, y + 35, what, colour=INK, size=11, anchor="middle"))
    legend = "blue: made of the spec; green: pure, no I/O; grey: survives restarts; orange: outside, and who tells"
    parts.append(words(190, 330, legend, colour=GREY, size=13))
    foot = "alert_rules and dashboards are generated from the same spec, for Prometheus, Alertmanager and Grafana"
    parts.append(words(190, 352, foot, colour=GREY, size=13))
    return picture("How the parts of winburn hang together", parts, width=856, height=400)
