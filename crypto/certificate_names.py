"""Whether a certificate is for this peer (证书名称): its alternative names (RFC 6125), or else its common name."""

from __future__ import annotations

import ipaddress

from cryptography import x509
from cryptography.x509.oid import NameOID

from crypto.contract import KeyUnusable
from crypto.key_reasons import KeyReason


def require_name(certificate: x509.Certificate, name: str, described: str) -> None:
    """Raise KeyUnusable unless the certificate names the peer: a host, an address, or its common name."""
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        commons = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        if name in commons:
            return
        raise _other(described, name, commons) from None
    hosts = alternatives.get_values_for_type(x509.DNSName)
    addresses = alternatives.get_values_for_type(x509.IPAddress)
    if not any(_is_host(host, name) for host in hosts) and _address(name) not in addresses:
        raise _other(described, name, [*hosts, *map(str, addresses)])


def _is_host(pattern: str, name: str) -> bool:
    """A wildcard stands for the whole first label, above two others at least."""
    pattern, name = pattern.lower(), name.lower()
    if pattern.startswith("*.") and pattern.count(".") >= 2 and _address(name) is None:
        first, _, rest = name.partition(".")
        return bool(first) and rest == pattern[2:]
    return pattern == name


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _other(described: str, name: str, names: list[str]) -> KeyUnusable:
    listed = ", ".join(one[:80] for one in names[:5]) or "nobody"
    return KeyUnusable(f"certificate {described} is for {listed}, not for {name}", KeyReason.CERTIFICATE_NAME)
