"""permessage-deflate for a server that compresses each message once for everyone, and does not listen.

https://www.rfc-editor.org/rfc/rfc7692
"""

from __future__ import annotations

from dataclasses import replace

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Event
from wsproto.extensions import PerMessageDeflate
from wsproto.frame_protocol import CloseReason, FrameDecoder, FrameProtocol, Opcode, RsvBits

_WINDOW_BITS = 15


class OneWayDeflate(PerMessageDeflate):
    """Agrees to compress, each message by itself; what clients compress is skipped, as it might be a bomb."""

    def __init__(self) -> None:
        super().__init__(server_no_context_takeover=True, client_no_context_takeover=True)
        self._skips_message = self._skips_frame = False

    @property
    def for_all(self) -> bool:
        """Whether the client takes what was compressed for all: it agreed, and has not asked for a smaller window."""
        return self.enabled() and self.server_max_window_bits == _WINDOW_BITS

    def accept(self, offer: str) -> bool | str | None:
        """The answer to an offer; None, which declines it, also where its numbers are none."""
        try:
            return super().accept(offer)
        except ValueError:
            return None

    def frame_inbound_header(
        self,
        proto: FrameDecoder | FrameProtocol,  # noqa: ARG002 - wsproto's signature, as below
        opcode: Opcode,
        rsv: RsvBits,
        payload_length: int,  # noqa: ARG002
    ) -> CloseReason | RsvBits:
        """Called by wsproto. Between the frames of a message there may be others, which are not compressed."""
        control = opcode.iscontrol()
        if rsv.rsv1 and (control or opcode is Opcode.CONTINUATION):
            return CloseReason.PROTOCOL_ERROR
        if not control and opcode is not Opcode.CONTINUATION:
            self._skips_message = rsv.rsv1
        self._skips_frame = self._skips_message and not control
        return RsvBits(rsv1=True, rsv2=False, rsv3=False)

    def frame_inbound_payload_data(self, proto: FrameDecoder | FrameProtocol, data: bytes) -> bytes | CloseReason:  # noqa: ARG002
        """Called by wsproto."""
        return b"" if self._skips_frame else data

    def frame_inbound_complete(
        self,
        proto: FrameDecoder | FrameProtocol,  # noqa: ARG002
        fin: bool,  # noqa: ARG002, FBT001
    ) -> bytes | CloseReason | None:
        """Called by wsproto."""
        return None


class DeflatingConnection(WSConnection):
    """wsproto's connection of a server that agrees to :class:`OneWayDeflate`."""

    def __init__(self) -> None:
        super().__init__(ConnectionType.SERVER)
        self.deflate = OneWayDeflate()

    def send(self, event: Event) -> bytes:
        """Called by uvicorn, whose own offer has a memory for each client."""
        if isinstance(event, AcceptConnection):
            event = replace(event, extensions=[self.deflate])
        return super().send(event)
