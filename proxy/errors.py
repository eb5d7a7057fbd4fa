"""Every error that Facegate raises for a reason, with its HTTP status and stable code.

FacegateError
├── RequestError                 the caller's request cannot be served; each has status, code, location
│   ├── BadRequest           400 invalid_request        malformed beyond doubt
│   ├── Unauthenticated      401 invalid_api_key        nobody we know
│   ├── NotFound             404 not_inspectable        no operation of the catalogue
│   ├── MethodNotAllowed     405 method_not_allowed     the path is known, the method is not
│   ├── TooSlow              408 request_timeout        the body did not arrive in time
│   ├── TooLarge             413 too_large              over a limit set before reading or decoding
│   ├── CallerLeft           499 caller_left            the caller hung up; nobody sees the answer
│   ├── UnsupportedMedia     415 unsupported_media_type a content type or encoding that is not read
│   ├── UpgradeRequired      426 upgrade_required       the path speaks WebSocket only
│   ├── NotInspectable       422 not_inspectable        something that may carry content cannot be examined
│   └── Unavailable          503 examination_unavailable  the proxy cannot examine or record now
├── UpstreamError                the service cannot be reached or answers what may not be relayed
│   ├── UpstreamUnreachable  502 upstream_unreachable
│   ├── UpstreamUnreadable   502 upstream_unreadable
│   └── UpstreamTimeout      504 upstream_timeout
└── ConfigurationError           a file of the operator's is wrong; the message names file, line and what is valid
"""

from typing import ClassVar

from proxy.location import WHOLE, Location


class FacegateError(Exception):
    """The root of the tree above."""


class RequestError(FacegateError):
    """A request that is refused before policy is asked.

    `location` is the place in the request that is to blame, the whole body unless known better.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "invalid_request"

    def __init__(self, message: str, location: Location = WHOLE) -> None:
        super().__init__(message)
        self.message = message
        self.location = location


class BadRequest(RequestError):
    """The request is malformed beyond doubt: syntax, encoding, a header that does not parse."""


class Unauthenticated(RequestError):
    """No credential, or one that the register does not know. `reason` is one word of a closed set, for metrics."""

    status = 401
    code = "invalid_api_key"

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class NotFound(RequestError):
    """The path is no operation of the catalogue; what is not known is not forwarded."""

    status = 404
    code = "not_inspectable"


class MethodNotAllowed(RequestError):
    """The path is an operation's, the method is not."""

    status = 405
    code = "method_not_allowed"


class TooSlow(RequestError):
    """The body did not arrive within the time that the settings allow."""

    status = 408
    code = "request_timeout"


class TooLarge(RequestError):
    """Over a limit that is set before anything is read or decoded."""

    status = 413
    code = "too_large"


class CallerLeft(RequestError):
    """The caller hung up before the request was decided. Nobody sees the answer; the record says why it ended."""

    status = 499
    code = "caller_left"


class UnsupportedMedia(RequestError):
    """A content type or content encoding that no reader reads."""

    status = 415
    code = "unsupported_media_type"


class UpgradeRequired(RequestError):
    """The path is that of a socket, and the request does not ask for one."""

    status = 426
    code = "upgrade_required"


class NotInspectable(RequestError):
    """Something that carries or may carry content cannot be examined, so it is not forwarded."""

    status = 422
    code = "not_inspectable"


class Unavailable(RequestError):
    """Facegate itself cannot examine or record now; nothing is forwarded."""

    status = 503
    code = "examination_unavailable"


class UpstreamError(FacegateError):
    """The service behind cannot answer this request."""

    status: ClassVar[int] = 502
    code: ClassVar[str] = "upstream_unreachable"


class UpstreamUnreachable(UpstreamError):
    """No connection, a broken one, or a reply that may not be relayed (redirects)."""


class UpstreamUnreadable(UpstreamError):
    """A reply that has to be read before it may be relayed (a list of what all tenants keep), and cannot be."""

    code = "upstream_unreadable"


class UpstreamTimeout(UpstreamError):
    """The service took longer than the settings allow."""

    status = 504
    code = "upstream_timeout"


class ConfigurationError(FacegateError):
    """One or more mistakes in the operator's files, each as `file:line: what is wrong and what is valid`."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
