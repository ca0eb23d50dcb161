"""A certificate's own words (证书内容) for the screen."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from crypto.contract import KeyUnusable
from gateway.clock import CHINA
from gateway.keys.certificate_files import certificates


def certificate_lines(public: str) -> Iterator[tuple[str, str]]:
    """Subject, issuer, serial number, dates and names of each certificate; nothing where there is none."""
    if "-----BEGIN CERTIFICATE-----" not in public:
        return
    try:
        chain = certificates(public)
    except KeyUnusable:
        return
    for place, one in enumerate(chain):
        label = "证书 certificate" if place == 0 else "上级 issuer's"
        yield label, f"{one.subject.rfc4514_string()}  ←  {one.issuer.rfc4514_string()}"
        until = one.not_valid_after_utc.astimezone(CHINA)
        begins = one.not_valid_before_utc.astimezone(CHINA)
        yield "  有效期 valid", f"{begins:%Y-%m-%d %H:%M} … {until:%Y-%m-%d %H:%M}, 序号 serial {one.serial_number:x}"
        if names := _names(one):
            yield "  名称 names", ", ".join(names)


def _names(one: x509.Certificate) -> list[str]:
    try:
        found = one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    hosts = found.get_values_for_type(x509.DNSName)
    return [*hosts, *(str(address) for address in found.get_values_for_type(x509.IPAddress))]
