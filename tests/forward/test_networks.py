"""Which addresses belong to the public internet."""

from ipaddress import ip_address

import pytest

from proxy.forward.networks import public_address

PUBLIC = (
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2000::1",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450:4001::200e",
    "2003::1",
    "3ffe:ffff::1",
    "3fff:1000::1",
)

NOT_PUBLIC = {
    "0.0.0.0": "this machine, to most systems",  # noqa: S104 - nothing is bound
    "0.255.255.255": "this network",
    "10.0.0.0": "private",
    "10.255.255.255": "private",
    "100.64.0.0": "behind a carrier's NAT",
    "100.127.255.255": "behind a carrier's NAT",
    "127.0.0.1": "loopback",
    "127.255.255.255": "loopback",
    "168.63.129.16": "Azure's platform",
    "169.254.0.0": "link-local",
    "169.254.169.254": "metadata of a cloud",
    "169.254.255.255": "link-local",
    "172.16.0.0": "private",
    "172.31.255.255": "private",
    "192.0.0.0": "protocol assignments",
    "192.0.0.192": "metadata of a cloud",
    "192.0.2.1": "documentation",
    "192.88.99.1": "a relay of 6to4",
    "192.168.0.0": "private",
    "192.168.255.255": "private",
    "198.18.0.0": "benchmarks",
    "198.19.255.255": "benchmarks",
    "198.51.100.1": "documentation",
    "203.0.113.1": "documentation",
    "224.0.0.1": "multicast",
    "239.255.255.255": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "broadcast",
    "::": "nothing",
    "::1": "loopback",
    "::127.0.0.1": "loopback, compatible with IPv4",
    "::8.8.8.8": "compatible with IPv4",
    "::ffff:127.0.0.1": "loopback, mapped",
    "::ffff:8.8.8.8": "mapped",
    "::ffff:0:127.0.0.1": "loopback, translated (SIIT)",
    "64:ff9b::127.0.0.1": "loopback behind NAT64",
    "64:ff9b::8.8.8.8": "behind NAT64",
    "64:ff9b:1::a9fe:a9fe": "metadata behind a NAT64 of one's own",
    "100::1": "discarded",
    "2001::1": "Teredo",
    "2001:0:7f00:1::1": "Teredo",
    "2001:2::1": "benchmarks",
    "2001:10::1": "ORCHID",
    "2001:20::1": "ORCHID",
    "2001:1ff::1": "protocol assignments",
    "2001:db8::1": "documentation",
    "2002:7f00:1::1": "loopback in 6to4",
    "2002:808:808::1": "6to4",
    "3fff::1": "documentation",
    "3fff:fff::1": "documentation",
    "2606:4700::5efe:10.0.0.1": "a tunnel to a private address",
    "2606:4700::200:5efe:10.0.0.1": "a tunnel to an address",
    "4000::1": "given to nobody",
    "5f00::1": "segment routing",
    "fc00::1": "private",
    "fd00:ec2::254": "metadata of a cloud",
    "fd20:ce::254": "metadata of a cloud",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local, with an interface",
    "fec0::1": "site-local",
    "ff02::1": "multicast",
    "ff0e::1": "multicast of global scope",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    """Beside every reserved network lie public ones."""
    assert public_address(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_not_public(address: str) -> None:
    """The first and last of each reserved network, and every way to hold an IPv4 address in an IPv6 one."""
    assert not public_address(ip_address(address))
