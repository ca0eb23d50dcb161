"""``gateway keys generate|import|certificate-request|passphrase``: what brings keys in (密钥生成与导入)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from crypto.kinds import Kind
from gateway.keys.options import DEFAULT_SETTINGS, Alias, AsJson, AsOperator, NotAfter, NotBefore, SettingsFile

PurposeName = Literal["sign", "verify", "encrypt", "transport", "field"]
OwnerName = Literal["gateway", "counterparty"]
FileKind = Literal["x509", "public-key", "aes-256", "hmac", "sm4", "secret"]


def generate(
    alias: Alias,
    kind: Annotated[Kind, typer.Option("--kind", help="What sort of key. 密钥种类")],
    purpose: Annotated[PurposeName, typer.Option("--purpose", help="What it is for. 用途")],
    not_before: NotBefore = None,
    not_after: NotAfter = None,
    operator: AsOperator = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Make a new key; it is PENDING and does nothing until two people have put it to use (生成)."""
    from gateway.keys import deeds
    from gateway.keys.making import generated
    from gateway.keys.office import opened
    from gateway.keys.refusals import explained

    with explained(as_json), opened(settings) as office:
        first, last = deeds.day(not_before, "--not-before"), deeds.day(not_after, "--not-after")
        actor = deeds.prove(office, operator, "generate", alias, kind, purpose)
        entry = generated(office, actor, alias, kind, purpose, first, last)
        deeds.show_added(office, entry, as_json=as_json)


def take_in(
    alias: Alias,
    file: Annotated[Path, typer.Argument(help="PEM, DER, PKCS#12 or OpenSSH. 密钥文件")],
    purpose: Annotated[PurposeName, typer.Option("--purpose", help="What it is for. 用途")],
    owner: Annotated[OwnerName | None, typer.Option("--owner", help="Whose it is. 归属")] = None,
    kind: Annotated[FileKind | None, typer.Option("--kind", help="Where the file alone does not say. 种类")] = None,
    key_id: Annotated[str | None, typer.Option("--key-id", help="Default: its fingerprint. 密钥编号")] = None,
    passphrase_file: Annotated[Path | None, typer.Option("--passphrase-file", help="Of FILE. 文件口令")] = None,
    not_before: NotBefore = None,
    not_after: NotAfter = None,
    operator: AsOperator = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Take in a key or certificate that was made elsewhere; it is PENDING as a new one is (导入)."""
    from gateway.keys import deeds
    from gateway.keys.making import Wanted, imported
    from gateway.keys.office import opened
    from gateway.keys.refusals import explained

    with explained(as_json), opened(settings) as office:
        first, last = deeds.day(not_before, "--not-before"), deeds.day(not_after, "--not-after")
        actor = deeds.prove(office, operator, "import", alias, file.name, purpose)
        wanted = Wanted(alias, purpose, owner, kind, key_id, first, last)
        deeds.show_added(office, imported(office, actor, wanted, file, passphrase_file), as_json=as_json)


def certificate_request(
    alias: Alias,
    subject: Annotated[str, typer.Option("--subject", help="CN=…, O=…, C=CN. 主体")],
    host: Annotated[list[str] | None, typer.Option("--host", help="Host name or address; repeat. 主机名")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Default: standard output. 输出文件")] = None,
    kind: Annotated[
        Literal["ecdsa-p256", "ecdsa-p384", "rsa-3072", "sm2"], typer.Option("--kind", help="Of a new key. 种类")
    ] = "ecdsa-p256",
    operator: AsOperator = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """A request for a certificate: for the newest key of a signing alias, or for a new TLS key (证书请求).

    A TLS key waits under ALIAS.request; `gateway keys import ALIAS certificate.pem --purpose transport` finds it there.
    """
    from gateway.keys import deeds
    from gateway.keys.making import asked_certificate
    from gateway.keys.office import opened
    from gateway.keys.refusals import explained, print_json

    with explained(as_json), opened(settings) as office:
        actor = deeds.prove(office, operator, "certificate-request", alias, subject)
        entry, request = asked_certificate(office, actor, alias, kind, subject, host or [])
        if out is not None:
            deeds.write_new(out, request)
        if as_json:
            print_json({"ok": True, "alias": entry.alias, "key_id": entry.key_id, "request": request})
        elif out is None:
            typer.echo(request, nl=False)
        else:
            typer.echo(f"{out}: {entry.alias} {entry.key_id}\n下一步 next: 交证书机构 give it to the authority")


def import_crl(
    alias: Alias,
    file: Annotated[Path, typer.Argument(help="The authority's list, PEM or DER. 吊销列表文件")],
    operator: AsOperator = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Keep an authority's newest revocation list beside its certificate; it holds at once (导入吊销列表)."""
    from gateway.keys import deeds
    from gateway.keys.crl_import import take_in_lists
    from gateway.keys.office import opened
    from gateway.keys.refusals import explained, print_json

    with explained(as_json), opened(settings) as office:
        actor = deeds.prove(office, operator, "import-crl", alias, file.name)
        taken = take_in_lists(office, actor, alias, file)
        if as_json:
            lists = [{"issuer": one.issuer, "next_update": one.next_update} for one in taken]
            print_json({"ok": True, "alias": alias, "lists": lists})
        else:
            for one in taken:
                typer.echo(f"{alias}: {one.issuer}, 下次更新 next {one.next_update or '-'}")


def passphrase(
    generate_it: Annotated[bool, typer.Option("--generate", help="Draw a random one. 随机生成")] = False,
    file: Annotated[
        Path | None, typer.Option("--new-passphrase-file", help="Read the new one here. 新口令文件")
    ] = None,
    operator: AsOperator = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Put all keys under a new passphrase; data stays as it is, running nodes follow by themselves (更换口令)."""
    from gateway.keys import deeds
    from gateway.keys.master import change_passphrase
    from gateway.keys.office import opened
    from gateway.keys.refusals import explained, print_json

    with explained(as_json), opened(settings) as office:
        actor = deeds.prove(office, operator, "passphrase")
        told = change_passphrase(office, actor, file, generate_it=generate_it)
        if as_json:
            print_json({"ok": True, "revision": office.keys.revision})
        else:
            typer.echo(told)


def add_to(app: typer.Typer) -> None:
    """Add these commands to ``gateway keys``."""
    app.command()(generate)
    app.command("import")(take_in)
    app.command("certificate-request")(certificate_request)
    app.command("import-crl")(import_crl)
    app.command()(passphrase)
