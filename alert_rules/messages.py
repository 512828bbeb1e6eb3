"""What people read: the message templates of Alertmanager, for alerts of winburn and, more briefly, for any other.

Each template is whole in itself and names no other, so that a format without template files can hold the text where
others hold a reference. Language: https://prometheus.io/docs/alerting/latest/notifications/.
"""

from __future__ import annotations

from alert_rules.yaml_text import HEADER, comment

TEMPLATES_FILE = "winburn.tmpl"

TITLE, PLAIN, SLACK, MARKDOWN, HTML, SEVERITY, PRIORITY = (
    f"winburn.{name}" for name in ("title", "plain", "slack", "markdown", "html", "severity", "priority")
)

# The first alert that fires, or, where all are over, the first: what the message's one line and links are about.
_FIRST = "{{ $one := index .Alerts 0 }}{{ if .Alerts.Firing }}{{ $one = index .Alerts.Firing 0 }}{{ end }}"
_TIME = '"2006-01-02 15:04:05 UTC"'
_SINCE = (
    f"since {{{{ .StartsAt.UTC.Format {_TIME} }}}}"
    f'{{{{ if eq .Status "resolved" }}}}, over at {{{{ .EndsAt.UTC.Format {_TIME} }}}}{{{{ end }}}}'
)
_WORD = (
    '{{ if eq .Status "resolved" }}OVER{{ else }}'
    '{{ $severity := $one.Labels.severity }}{{ if eq $severity "page" }}PAGE{{ else if eq $severity "ticket" }}TICKET'
    '{{ else if eq $severity "info" }}NEWS{{ else }}ALERT{{ end }}{{ end }}'
)
_SUMMARY = (
    "{{ if $one.Annotations.summary }}{{ $one.Annotations.summary }}{{ else }}{{ $one.Labels.alertname }}{{ end }}"
)
_MORE = "{{ if gt (len .Alerts) 1 }} ({{ len .Alerts }} alerts){{ end }}"
_LINE = f"{_FIRST}{_WORD}: {_SUMMARY}{_MORE}"

_LINKS = (("runbook", "runbook_url"), ("dashboard", "dashboard_url"), ("silence", "silence_url"))


def _links(form: str, between: str) -> str:
    """The links that an alert has; ``form`` has {name} and {url}. Between two stands ``between``."""
    parts, before = [], "false"
    for name, annotation in _LINKS:
        url = f".Annotations.{annotation}"
        gap = "" if before == "false" or not between else f"{{{{ if {before} }}}}{between}{{{{ end }}}}"
        shown = form.format(name=name, url=f"{{{{ {url} }}}}")
        parts.append(f"{{{{ if {url} }}}}{gap}{shown}{{{{ end }}}}")
        before = url if before == "false" else f"(or {before} {url})"
    return "".join(parts)


def _all(description: str, head: str, links: str, gap: str) -> str:
    """Each alert with its description, its time and its links; the name alone of an alert that describes nothing."""
    each = f"{{{{ if .Annotations.description }}}}{description}{{{{ else }}}}{head}{{{{ end }}}}"
    return f"{{{{ range $i, $alert := .Alerts }}}}{{{{ if $i }}}}{gap}{{{{ end }}}}{each}{links}{{{{ end }}}}"


# Slack reads &, < and > as markup.
_FOR_SLACK = ' | reReplaceAll "&" "&amp;" | reReplaceAll "<" "&lt;" | reReplaceAll ">" "&gt;"'
_AT_ONE = "{{ with $one.Annotations.%s }}{{ . }}{{ end }}"

TEXTS: dict[str, str] = {
    TITLE: _LINE,
    PLAIN: _all(
        "{{ .Annotations.description }}",
        "{{ .Labels.alertname }}",
        f"\n{_SINCE}{_links(chr(10) + '{name}: {url}', '')}",
        "\n\n",
    ),
    SLACK: _all(
        f"{{{{ .Annotations.description{_FOR_SLACK} }}}}",
        "{{ .Labels.alertname }}",
        f"\n{_SINCE}\n{_links('<{url}|{name}>', ' · ')}",
        "\n\n",
    ),
    MARKDOWN: _all(
        # A label may hold [text](address): what is no link of ours is none.
        '{{ .Annotations.description | reReplaceAll "[]][(]" "] (" | reReplaceAll "\\n" "\\n\\n" }}',
        "{{ .Labels.alertname }}",
        f"\n\n{_SINCE}\n\n{_links('[{name}]({url})', ' · ')}",
        "\n\n",
    ),
    HTML: (
        '<!DOCTYPE html><html><body style="font-family: sans-serif; max-width: 40em">'
        f"<h2>{_LINE}</h2>"
        "{{ range .Alerts }}"
        '<p style="white-space: pre-line">'
        "{{ if .Annotations.description }}{{ .Annotations.description }}{{ else }}{{ .Labels.alertname }}{{ end }}</p>"
        f"<p>{_SINCE}<br>" + _links('<a href="{url}">{name}</a>', " · ") + "</p>{{ end }}</body></html>"
    ),
    "winburn.link": (
        f"{_FIRST}{{{{ if $one.Annotations.dashboard_url }}}}{{{{ $one.Annotations.dashboard_url }}}}"
        "{{ else }}{{ $one.GeneratorURL }}{{ end }}"
    ),
    "winburn.description": _FIRST + _AT_ONE % "description",
    "winburn.since": f"{_FIRST}{{{{ with $one }}}}{_SINCE.removeprefix('since ')}{{{{ end }}}}",
    "winburn.runbook": _FIRST + _AT_ONE % "runbook_url",
    "winburn.dashboard": _FIRST + _AT_ONE % "dashboard_url",
    "winburn.silence": _FIRST + _AT_ONE % "silence_url",
    SEVERITY: (
        f'{_FIRST}{{{{ $severity := $one.Labels.severity }}}}{{{{ if eq $severity "page" }}}}critical'
        '{{ else if eq $severity "info" }}info{{ else }}warning{{ end }}'
    ),
    PRIORITY: (
        f'{_FIRST}{{{{ $severity := $one.Labels.severity }}}}{{{{ if eq $severity "page" }}}}P1'
        '{{ else if eq $severity "info" }}P5{{ else }}P3{{ end }}'
    ),
}
"""Name of a message -> its text: one line; the whole as plain text, for Slack, as
Markdown, as HTML; and single facts."""

_ABOUT = """\
The first line says how loud, what and how much; then each alert with its numbers, since when, and where to read on.
Alerts that are not winburn's are told by their name where they have no texts. (What stands outside of the templates,
like these lines, is read by nobody else.)
"""


def templates_text() -> str:
    """``winburn.tmpl``; the same for every spec."""
    defined = "".join(f'\n{{{{ define "{name}" }}}}{text}{{{{ end }}}}\n' for name, text in TEXTS.items())
    return HEADER + comment(_ABOUT) + defined


def by_name(name: str) -> str:
    """A reference to a message's template."""
    return f'{{{{ template "{name}" . }}}}'


def in_place(name: str) -> str:
    """A message's text itself, for formats that have no template files."""
    return TEXTS[name]
