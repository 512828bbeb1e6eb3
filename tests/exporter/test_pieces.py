"""Bodies put together from pieces: any reader of gzip reads them whole, and they are what one go would give."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

import pytest

from exporter.contract import Sample, sample
from exporter.pieces import Piece, Whole, gzipped
from exporter.render import Exposition, Renderer, arrange, exposition
from exporter.snapshot import PIECES_FROM, Bodies, build

OWN = Exposition(b"own 1.0\n", b"own 1.0\n")


def rows(count: int, seed: int = 1) -> list[Sample]:
    chance = Random(seed)
    return [
        sample("slo_events", chance.choice([0.0, -0.0, chance.random(), 1e7]), slo=f"s{i // 2}", window=w)
        for i, w in enumerate(["5m", "1h"] * (count // 2))
    ]


def bodies(samples: list[Sample], renderer: Renderer) -> Bodies:
    return build(samples, own=OWN, at=0.0, expires=1.0, renderer=renderer, on_duplicate=lambda _: None).full


@contextmanager
def served(body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_bodies_in_pieces_are_what_one_go_would_give_at_each_of_many_changes() -> None:
    renderer, chance = Renderer(), Random(2)
    samples = rows(PIECES_FROM)
    for change in range(6):
        if change in (1, 3):  # some values
            samples = [one._replace(value=chance.random()) if chance.random() < 0.0005 else one for one in samples]
        elif change == 2:  # signs that comparison does not see
            samples = [one._replace(value=-0.0) if one.value == 0 else one for one in samples]
        elif change == 4:  # a series goes, two come, the order is another
            samples = [*samples[:0:-1], *rows(PIECES_FROM + 4)[-2:]]
        elif change == 5:  # one is there twice
            samples = [*samples, samples[0]]
        ours = bodies(samples, renderer)
        wanted = exposition(Renderer().blocks(arrange(samples, on_duplicate=lambda _: None)))
        assert ours.text == wanted.text + OWN.text
        assert gzip.decompress(ours.text_gzip) == ours.text
        assert gzip.decompress(ours.openmetrics_gzip) == ours.openmetrics == wanted.openmetrics + OWN.text + b"# EOF\n"


def test_pieces_without_a_change_are_kept_as_they_are() -> None:
    renderer = Renderer()
    samples = rows(4000)
    (before,) = renderer.blocks(renderer.arrange(samples))
    changed = next(i for i, one in enumerate(samples) if one.labels[0][1] == "s1999")
    samples[changed] = samples[changed]._replace(value=0.125)
    (after,) = renderer.blocks(renderer.arrange(samples))
    same = [a is b for a, b in zip(before.pieces, after.pieces, strict=True)]
    assert (len(same), same.count(False)) == (4, 1)


def test_a_packed_piece_is_what_it_was_in_a_tenth_of_its_memory() -> None:
    text = b"".join(b'slo_events{slo="checkout-%d",window="1h"} %d.5\n' % (i, 7 * i) for i in range(1000))
    piece = Piece(b"", text)
    packed, size, _ = piece.in_gzip()
    assert (piece.text, size, piece.is_packed) == (text, len(text), True)
    assert len(packed) < len(text) / 5
    assert Piece(b"", b"").pack().text == b""


def test_a_body_that_is_not_there_is_put_together_once_for_all_who_ask() -> None:
    whole = Whole([b"# HELP\n", Piece(b"", b"a 1\n").pack()])
    assert not whole.is_there
    assert whole.text == b"# HELP\na 1\n"
    assert whole.is_there
    assert whole.text is whole.text
    finished = b"a 1\n"
    assert Whole([finished]).text is finished


def test_nothing_plain_is_kept_of_many_series_and_their_lines_are_packed_when_they_become_many() -> None:
    renderer, samples = Renderer(), rows(PIECES_FROM)
    few = bodies(samples[:-2], renderer)
    assert few.plain.is_there
    many = bodies(samples, renderer)
    assert not many.plain.is_there
    assert not many.plain_openmetrics.is_there
    shelf = renderer._shelves["slo_events"]
    assert all(piece.is_packed for piece in (*shelf.pieces, *shelf.prefixes))
    again = bodies(samples[:-2], renderer)
    assert (again.plain.is_there, again.text) == (True, few.text)


def test_gzip_and_curl_read_all_pieces(tmp_path: Path) -> None:
    pieces = [b"# HELP a b\n", *(Piece(b"", f"{number} {'x' * 5000}\n".encode()) for number in range(50))]
    whole = b"".join(one if isinstance(one, bytes) else bytes(one.text) for one in pieces)
    packed = gzipped(pieces)
    assert gzipped(pieces) == packed
    (tmp_path / "body.gz").write_bytes(packed)
    subprocess.run(["gzip", "-t", tmp_path / "body.gz"], check=True)
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not here")
    with served(packed) as url:
        assert subprocess.run([curl, "--silent", "--compressed", url], check=True, capture_output=True).stdout == whole
