"""A profile that cannot work is refused when it is read, with file, line, column, key and what to do."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.endpoints import HttpsEndpoint, SftpEndpoint
from adapters.profile import BankProfile
from adapters.profile_reader import code_table_path, read_all, read_profile
from messages.checks.bank_code import is_bank_code
from messages.layout.positions import ConfigurationRefused

RURAL, CITY = "banks/rural-fixed.yaml", "banks/city-iso.yaml"


def test_the_shipped_banks(profiles: dict[str, BankProfile]) -> None:
    assert {"city-iso", "rural-fixed"} <= profiles.keys()
    rural, city = profiles["rural-fixed"], profiles["city-iso"]
    assert (rural.dialect, rural.encoding, city.dialect, city.encoding) == (
        "fixed-width",
        "gb18030",
        "iso20022",
        "utf-8",
    )
    assert rural.record_layout is not None
    assert rural.record_layout.layout == rural.layout
    assert city.record_layout is None
    assert all(is_bank_code(code) for profile in profiles.values() for code in profile.bank_codes)
    assert rural.security.sm2_user_id == "1234567812345678"


def test_a_profile_travels_between_processes(profiles: dict[str, BankProfile]) -> None:
    assert pickle.loads(pickle.dumps(profiles)) == profiles  # noqa: S301


def test_endpoints_are_overridden_at_load_time(config: Path) -> None:
    key = "ssh-ed25519 " + "AAAA" + "B" * 64
    read = read_all(
        config / "banks",
        {"rural-fixed": {"port": 40_022, "host_keys": [key]}, "city-iso": {"base_url": "https://localhost:1"}},
    )
    sftp, https = read["rural-fixed"].transport, read["city-iso"].transport
    assert isinstance(sftp, SftpEndpoint)
    assert isinstance(https, HttpsEndpoint)
    assert (sftp.port, sftp.host_keys, sftp.outgoing_directory) == (40_022, (key,), "/in")
    assert https.base_url == "https://localhost:1"


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        ({"rural-fixed": {"port": 0}}, "transport.port: Input should be greater than 0"),
        ({"rural-fixed": {"prot": 1}}, "transport.prot: is not a known key"),
        ({"city-iso": {"base_url": "http://a"}}, "city-iso.yaml:22:3: transport.base_url: String should match"),
        (
            {"nobody": {"port": 1}},
            "nobody.yaml:1:1: transport: endpoint settings are given for a bank that has no profile",
        ),
    ],
)
def test_an_override_is_checked_like_a_profile(
    config: Path, overrides: dict[str, dict[str, object]], complaint: str
) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        read_all(config / "banks", overrides)
    assert complaint in str(refused.value)


REFUSALS = [
    (RURAL, "port: 2222", "port: 0x16", "rural-fixed.yaml:24:3: transport.port: Input should be a valid integer"),
    (RURAL, "port: 2222", "prot: 2222", "rural-fixed.yaml:24:3: transport.prot: is not a known key; remove it"),
    (RURAL, "port: 2222", "host: 2222", "rural-fixed.yaml:24:3: transport.host: was given in line 23 already"),
    (RURAL, "  port: 2222\n", "", "rural-fixed.yaml:21:1: transport.port: is missing; add it"),
    (RURAL, "kind: sftp", "kind: ftp", "transport: Input tag 'ftp' found"),
    (RURAL, "dialect: fixed-width", "dialect: fixed", "dialect: Input should be 'fixed-width', 'delimited', "),
    (RURAL, "bank: rural-fixed", "bank: rural-other", ":3:1: bank: is not the file's own name; write rural-fixed"),
    (RURAL, "[402738090017]", "[402738090018]", ":5:14: bank_codes[0]: has a wrong check digit"),
    (RURAL, "[402738090017]", "[40273809001]", "bank_codes[0]: String should match pattern"),
    (RURAL, "[402, 314, 403]", "[402, 402]", "serves.bank_codes: names a prefix twice"),
    (RURAL, "[402, 314, 403]", "[4O2]", "serves.bank_codes[0]: String should match"),
    (RURAL, "layout: rural-fixed ", "layout: rural-other ", "rural-fixed.yaml:11:1: layout: there is no"),
    (RURAL, "layout: rural-fixed ", "#", "layout: does not go with dialect fixed-width; name the layout"),
    (RURAL, "code_table: rural-fixed ", "code_table: other ", "rural-fixed.yaml:13:1: code_table: there is no"),
    (RURAL, "ssh-ed25519 ", "ssh-dss ", "transport.host_keys[0]: is not an OpenSSH public key"),
    (RURAL, '"DF{message_id}.txt"', '"DF.txt"', "file_names.instruction: must contain {message_id}"),
    (RURAL, '"DA{message_id}.txt"', '"DA{message_id}{part}.txt"', "has a placeholder other than {message_id}"),
    (RURAL, '"DR{message_id}_{part}', '"DR{message_id}_{teil}', "has a placeholder other than {message_id} {part}"),
    (RURAL, '"DR{message_id}_{part}', '"../{message_id}_{part}', "has something other than letters, digits"),
    (RURAL, '"DT{message_id}_', '"DR{message_id}_', "file_names.returned: cannot be told from result"),
    (RURAL, "file_names:\n", "file_naems:\n", "file_naems: is not a known key"),
    (
        RURAL,
        "bank_rejects_duplicates: yes",
        "bank_rejects_duplicates: ja",
        "inquiry.bank_rejects_duplicates: Input should",
    ),
    (RURAL, "bank: rural-fixed", "record_layout: x\nbank: rural-fixed", "record_layout: "),
    (CITY, "encoding: utf-8", "encoding: gbk", "city-iso.yaml:11:1: encoding: messages of dialect iso20022 are UTF-8"),
    (CITY, "dialect: iso20022", "dialect: iso20022\nlayout: rural-fixed", "layout: does not go with dialect iso20022"),
    (CITY, '"/payments/{message_id}"', "/payments", "inquiry_path: must contain {message_id} once"),
    (CITY, '"/payments/{message_id}"', '"payments/{message_id}"', "inquiry_path: does not begin with /"),
    (CITY, "submit_path: /payments", 'submit_path: "/p/{message_id}"', "submit_path: takes no placeholder"),
    (CITY, '[""]', '["", 402]', "serves.bank_codes: '402' is claimed by city-iso too"),
    (CITY, "[313730190014]", "[402738090017]", "bank_codes: '402738090017' is claimed by city-iso too"),
    (CITY, "security:\n", "security: &a\n", "anchors and aliases are not allowed"),
    ("layouts/rural-fixed.yaml", "kind: count,", "kind: cont,", "layouts/rural-fixed.yaml:25:63"),
    ("layouts/rural-fixed.yaml", "  returned:", "  # returned:", "layouts/rural-fixed.yaml"),
    ("codes/rural-fixed.csv", "0,,PAID", "0,,PIAD", "codes/rural-fixed.csv:10:4: outcome: Input should be"),
]


@pytest.mark.parametrize(("file", "old", "new", "complaint"), REFUSALS)
def test_a_faulty_profile_is_refused(
    broken: Callable[..., Path], file: str, old: str, new: str, complaint: str
) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        read_all(broken(file, old, new))
    assert complaint in str(refused.value)


def test_problems_of_all_files_are_told_at_once(broken: Callable[..., Path]) -> None:
    broken(RURAL, "port: 2222", "port: x")
    with pytest.raises(ConfigurationRefused) as refused:
        read_all(broken(CITY, "kind: https", "kind: http"))
    assert {Path(problem.file).name for problem in refused.value.problems} == {"rural-fixed.yaml", "city-iso.yaml"}


def test_a_layout_lacking_a_message_is_told_in_the_profile(config: Path) -> None:
    path = config / "layouts" / "rural-fixed.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("\n  returned:")], encoding="utf-8")
    with pytest.raises(ConfigurationRefused, match="has no message returned; add the document's table for it"):
        read_profile(config / RURAL)


def test_where_a_code_table_stands(config: Path, profiles: dict[str, BankProfile]) -> None:
    assert code_table_path(config / "banks", profiles["city-iso"]) == config / "codes" / "city-iso.csv"
