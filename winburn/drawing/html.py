"""A page that needs nothing else, and may do no more than its policy says."""

from __future__ import annotations

from html import escape


def html_file(title: str, style: str, policy: str, body: str) -> str:
    """The whole file; ``policy`` is its Content-Security-Policy, ``body`` HTML that ends with a newline."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
