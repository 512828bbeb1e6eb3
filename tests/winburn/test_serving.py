"""What happens between the port being ours and the first answer."""

import threading

from exporter.server import Address
from tests.exporter.loop_parts import Scripted, good, loop_of
from winburn.running import Watching
from winburn.serving import Front, Listening, _begin


def test_there_is_something_to_answer_before_anyone_is_let_in() -> None:
    """The refreshing thread may get its turn late: here it does nothing, and a scrape would have an answer."""
    loop, refreshing = loop_of(Scripted("slo:prod", good("a"))), threading.Thread(target=lambda: None)
    front = Front(Listening((Address("127.0.0.1", 0),)), None, "/metrics", Watching(live=False, clients=1, origins=()))
    _begin(loop, refreshing, front)
    refreshing.join(60)
    assert loop.current is not None
    assert loop.current.waiting == ("slo:prod",)
    assert not [s for s in loop.current.samples if s.name.startswith("slo_")]
