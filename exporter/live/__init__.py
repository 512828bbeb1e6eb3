"""The live page and its stream, and the same numbers as JSON."""

from exporter.live.feed import Feed
from exporter.live.routes import api_routes, live_routes
from exporter.live.socket import WireProtocol
from exporter.live.stream import LiveStream

__all__ = ["Feed", "LiveStream", "WireProtocol", "api_routes", "live_routes"]
