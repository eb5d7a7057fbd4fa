"""Addresses of pictures are read in one way only."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from proxy.forward.picture_url import Target, listed, read_target

HTTPS = frozenset({"https"})
BOTH = frozenset({"http", "https"})

READ: dict[str, tuple[Target, str]] = {
    # as given, what is called, and the address as the client gets it
    "https://example.org/a.png": (Target("https", "example.org", 443, "/a.png"), "https://example.org/a.png"),
    "https://example.org": (Target("https", "example.org", 443, "/"), "https://example.org/"),
    "https://example.org?a=b": (Target("https", "example.org", 443, "/?a=b"), "https://example.org/?a=b"),
    "https://example.org/?": (Target("https", "example.org", 443, "/?"), "https://example.org/"),
    "https://example.org/a#b?c": (Target("https", "example.org", 443, "/a"), "https://example.org/a"),
    "https://example.org#@127.0.0.1/": (Target("https", "example.org", 443, "/"), "https://example.org/"),
    "HTTPS://EXAMPLE.ORG/A": (Target("https", "example.org", 443, "/A"), "https://example.org/A"),
    "https://example.org./a": (Target("https", "example.org", 443, "/a"), "https://example.org/a"),
    "https://example.org:443/a": (Target("https", "example.org", 443, "/a"), "https://example.org/a"),
    "https://example.org:00443/a": (Target("https", "example.org", 443, "/a"), "https://example.org/a"),
    "https://example.org:8443/a": (Target("https", "example.org", 8443, "/a"), "https://example.org:8443/a"),
    "http://example.org/a": (Target("http", "example.org", 80, "/a"), "http://example.org/a"),
    "http://example.org:8443/a": (Target("http", "example.org", 8443, "/a"), "http://example.org:8443/a"),
    "https://a_b.xn--bcher-kva.example/": (
        Target("https", "a_b.xn--bcher-kva.example", 443, "/"),
        "https://a_b.xn--bcher-kva.example/",
    ),
    "https://localhost/": (Target("https", "localhost", 443, "/"), "https://localhost/"),
    # what is percent-encoded stays as it is: a signature may be over it
    "https://example.org/%2e%2E/a%2Fb?sig=a%2Bb%3D&c=d+e": (
        Target("https", "example.org", 443, "/%2e%2E/a%2Fb?sig=a%2Bb%3D&c=d+e"),
        "https://example.org/%2e%2E/a%2Fb?sig=a%2Bb%3D&c=d+e",
    ),
    "https://example.org/../a/./b//c@d:e": (
        Target("https", "example.org", 443, "/../a/./b//c@d:e"),
        "https://example.org/../a/./b//c@d:e",
    ),
    "https://example.org/ü?é=\x00\x7f": (
        Target("https", "example.org", 443, "/%C3%BC?%C3%A9=%00%7F"),
        "https://example.org/%C3%BC?%C3%A9=%00%7F",
    ),
    "https://93.184.216.34/a": (
        Target("https", "93.184.216.34", 443, "/a", IPv4Address("93.184.216.34")),
        "https://93.184.216.34/a",
    ),
    "https://127.0.0.1./a": (Target("https", "127.0.0.1", 443, "/a", IPv4Address("127.0.0.1")), "https://127.0.0.1/a"),
    "https://[::1]:8443/a": (Target("https", "::1", 8443, "/a", IPv6Address("::1")), "https://[::1]:8443/a"),
    "https://[0:0:0:0:0:0:0:1]/": (Target("https", "::1", 443, "/", IPv6Address("::1")), "https://[::1]/"),
    "https://[2606:4700::1.1.1.1]/": (
        Target("https", "2606:4700::101:101", 443, "/", IPv6Address("2606:4700::101:101")),
        "https://[2606:4700::101:101]/",
    ),
}


@pytest.mark.parametrize("url", READ)
def test_read(url: str) -> None:
    """Scheme and host in lower case, the path and query as they are; a fragment is for the reader alone."""
    target = read_target(url, BOTH, {8443})
    assert target is not None
    assert (target, str(target.url)) == READ[url]
    assert (target.url.raw_host, target.url.port) == (target.host, target.port)


NOT_READ = (
    "",
    "example.org/a.png",
    "//example.org/a.png",
    "https:example.org/a.png",
    "https:/example.org/a.png",
    "https:///a.png",
    "https://",
    "https://:443/",
    " https://example.org/",
    "https://example.org/a b",
    "https://example.org/\n",
    "https://exam\tple.org/",
    "ftp://example.org/",
    "file:///etc/passwd",
    "gopher://example.org/",
    "data:image/png;base64,AAAA",
    "javascript:alert(1)",
    "unix:/var/run/docker.sock",
    "http\u017f://example.org/",  # a long s is an s to some
    "https://user@example.org/",
    "https://user:password@example.org/",
    "https://@example.org/",
    "https://example.org@127.0.0.1/",
    "https://example.org:443@127.0.0.1/",
    "https://example.org\\@127.0.0.1/",
    "https://example.org\\.evil.example/",
    "https:\\\\example.org\\a",
    "https://example.org/\\..\\a",
    "https://example.org/\ud800",
    "https://example.org/?\udc80",
    "https://example.org:80/",
    "https://example.org:22/",
    "https://example.org:0/",
    "https://example.org:65536/",
    "https://example.org:443443/",
    "https://example.org:/",
    "https://example.org:443:443/",
    "https://example.org:+443/",
    "https://example.org:\u0664\u0664\u0663/",
    "https://exa mple.org/",
    "https://ex%61mple.org/",
    "https://example%2eorg/",
    "https://b\u00fccher.example/",
    "https://example\u3002org/",  # an ideographic full stop
    "https://\uff11\uff12\uff17.0.0.1/",  # digits of full width
    "https://\u2460\u2461\u2466.0.0.1/",  # digits in circles
    "https://exam\u00adple.org/",  # a soft hyphen
    "https://e\u212aample.org/",  # the Kelvin sign
    "https://.example.org/",
    "https://example..org/",
    "https://example.org../",
    "https://-example.org/",
    "https://example-.org/",
    f"https://{'a' * 64}.example/",
    f"https://{'a.' * 127}example/",
    "https://exam,ple.org/",
    "https://$example.org/",
    # an IPv4 address in spellings that some systems understand
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7F000001/",
    "https://017700000001/",
    "https://127.1/",
    "https://127.0.1/",
    "https://0177.0.0.1/",
    "https://0x7f.0.0.1/",
    "https://0x7f.0.0.0x1/",
    "https://127.0.0.01/",
    "https://127.0.0.0x1/",
    "https://127.0.0.1.1/",
    "https://127.0.0.256/",
    "https://127.0.0.1..",
    "https://127.0.0.1.2130706433/",
    "https://example.0x/",
    "https://example.1/",
    "https://999999999999/",
    "https://00000000000000000000177.0.0.1/",
    # and an IPv6 address
    "https://[::1/",
    "https://::1/",
    "https://[::1]x/",
    "https://[::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://[::1::]/",
    "https://[127.0.0.1]/",
    "https://[::ffff:127.0.0.01]/",
    "https://[0x1::]/",
    "https://[v1.fe80]/",
    "https://[]/",
    "https://[:]/",
)


@pytest.mark.parametrize("url", NOT_READ)
def test_not_read(url: str) -> None:
    """Credentials, odd ports, and everything that two readers could take for two hosts."""
    assert read_target(url, BOTH, {8443}) is None


@pytest.mark.parametrize(
    ("url", "schemes", "expected"),
    [
        ("https://example.org/", HTTPS, True),
        ("http://example.org/", HTTPS, False),
        ("http://example.org/", BOTH, True),
        ("http://example.org:443/", BOTH, False),
        ("https://example.org:80/", BOTH, False),
        ("https://example.org:8080/", BOTH, False),
    ],
)
def test_schemes_and_their_ports(url: str, schemes: frozenset[str], expected: bool) -> None:  # noqa: FBT001 - a table
    """Each scheme that is called has its own port, and no other unless the operator lists it."""
    assert (read_target(url, schemes, ()) is not None) is expected


LISTED: dict[str, bool] = {
    "example.org": True,
    "sub.example.net": True,
    "a.b.example.net": True,
    "example.net": False,
    "evilexample.net": False,
    "sub.example.org": False,
    "example.org.evil.example": False,
    "example.net.evil.example": False,
    "sub.example.net.evil.example": False,
    "example": False,
    "org": False,
    "": False,
}


@pytest.mark.parametrize("host", LISTED)
def test_listed(host: str) -> None:
    """A name is itself; a star stands for every name below, not for the name."""
    assert listed(host, ("example.org", "*.example.net")) is LISTED[host]
    assert not listed(host, ())
