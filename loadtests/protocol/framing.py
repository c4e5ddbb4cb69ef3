"""Where an answer begins and ends in the bytes of a connection.

Nearly every answer comes whole, in one piece, and says how long it is. One search through its head finds that
out in 2 microseconds; llhttp takes 5 to 7 with its calls back into Python, and with it on every answer a
request cost the generator 20% more processor time (median of 25 rounds in turns, an EPYC). So llhttp, the
parser that geventhttpclient brings, reads what is left: answers in pieces or in chunks, those that end with
the connection, interim ones, and whatever is no HTTP at all.
"""

from __future__ import annotations

import re

from geventhttpclient._parser import HTTPParseError, HTTPResponseParser

from loadtests.errors import WireError

_STATUS = re.compile(rb"HTTP/1\.1 ([2-5]\d\d)[ \r]")
# The length that a head tells in the first group, and in the second whatever makes it not so simple.
_LENGTH = re.compile(
    rb"\r\n(?:content-length:[ \t]*(\d+)[ \t]*(?=\r\n)"
    rb"|(content-length|connection|transfer-encoding|[ \t]))",
    re.IGNORECASE,
)
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(rb"[ \t]*\r?\n[ \t]+")
_LINE_END = re.compile(rb"\r?\n")
_BODILESS = (204, 304)
_SWITCHING_PROTOCOLS = 101
_FINAL = 200  # and whatever is below announces an answer


def whole(piece: bytes) -> tuple[int, bytes] | None:
    """Return status and body of a piece that is one plain answer, whole, after which others may follow.

    None where it is anything else: then `Answer` is to read it.
    """
    head = piece.find(b"\r\n\r\n")
    first = _STATUS.match(piece)
    if first is None or head < 0:
        return None
    found = _LENGTH.findall(piece, 8, head + 2)
    if len(found) != 1 or not found[0][0]:
        return None
    status, body = int(first[1]), piece[head + 4 :]
    return None if len(body) != int(found[0][0]) or status in _BODILESS else (status, body)


class Answer(HTTPResponseParser):
    """One answer, as it comes in over the connection; those that announce it (1xx) are passed over.

    HTTP lets a field go on in another line, and a line end without CR, of which llhttp knows neither. So it
    is given heads in which every field is one line.
    """

    def __init__(self) -> None:
        super().__init__()
        self.head = b""
        self.body = bytearray()
        self.status = 0
        self.is_complete = False
        self.is_last = False
        """Whether the connection can bring no other answer after this one."""
        self._is_in_head = True
        self._held = b""  # the end of a line of a head, which may go on in the next

    def read(self, piece: bytes) -> None:
        """Take in the next piece, b"" for the end of the connection. Raises WireError where it is wrong."""
        rest, self._held = self._held + piece, b""
        while self._is_in_head and rest:
            end = _END_OF_HEAD.search(rest)
            if end is None:
                known = len(rest.rstrip(b"\r\n \t"))
                self._held, rest = rest[known:], rest[:known]
                break
            self._is_in_head = False
            self.head += rest[: end.end()]
            self._feed(_in_lines(rest[: end.end()]))
            rest = rest[end.end() :]
            self._is_in_head = not self.is_complete and 0 < self.get_code() < _FINAL
        if self._is_in_head:
            self.head += rest
        if rest or not piece:
            self._feed(_in_lines(rest) if self._is_in_head else rest)
        if not piece and not self.is_complete:
            raise WireError("the connection was closed in the middle of an answer")

    def _feed(self, piece: bytes) -> None:
        try:
            self.feed(piece)
        except HTTPParseError as error:
            if self.status == _SWITCHING_PROTOCOLS:
                return  # and so whatever follows is no HTTP
            if self.is_complete:
                raise WireError("more came than one answer") from None
            if not piece:
                raise WireError("the connection was closed in the middle of an answer") from None
            raise WireError(f"the answer is not HTTP ({_reason(error)})") from None

    def _on_message_begin(self) -> None:
        if self.is_complete:
            raise WireError("more came than one answer")

    def _on_message_complete(self) -> None:
        self.status = self.get_code()
        # Nobody has asked for another protocol, so whoever changes to one answers no request.
        self.is_complete = self.status >= _FINAL or self.status == _SWITCHING_PROTOCOLS
        self.is_last = self.status == _SWITCHING_PROTOCOLS or not self.should_keep_alive()

    def _on_body(self, part: bytearray) -> None:
        self.body += part

    # The parser calls these as well; a client that knows its service has no use for them.
    def _on_status(self, reason: str) -> None: ...
    def _on_header_field(self, name: str) -> None: ...
    def _on_header_value(self, value: str) -> None: ...
    def _on_headers_complete(self) -> None: ...


def _in_lines(head: bytes) -> bytes:
    """Return a head, or its beginning, with every field in one line that ends as it should."""
    return _LINE_END.sub(b"\r\n", _FOLD.sub(b" ", head))


def _reason(error: HTTPParseError) -> str:
    told = error.args[0]
    return told if isinstance(told, str) else str(told[0])
