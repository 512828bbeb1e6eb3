"""exporter-toolkit's web config file: TLS, client certificates, basic authentication, headers and a rate limit."""

from exporter.web_config.gate import Gate
from exporter.web_config.read import WebConfig, read

__all__ = ["Gate", "WebConfig", "read"]
