"""The live page and its stream, and the same numbers as JSON."""

from exporter.live.feed import Feed
from exporter.live.routes import api_routes, live_routes
from exporter.live.socket import WireProtocol
from exporter.live.stream import LiveStream, allowed_origin

__all__ = ["Feed", "LiveStream", "WireProtocol", "allowed_origin", "api_routes", "live_routes"]
