"""What the audit commands do (审计命令的实现)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import typer
from rich.console import Console

from gateway.audit import views
from gateway.audit.office import AuditOffice, opened, public_keys
from gateway.core.authority import Actor
from gateway.keys.identity import origin
from gateway.keys.refusals import Unfit, print_json
from gateway.services import audit_export, audit_verifying, auditing, export_verifying
from gateway.services.anchors import anchor_publics, anchor_today
from gateway.services.chain_check import ChainCheck
from gateway.store import audit_reading
from gateway.store.audit_reading import Wanted


def verify_database(settings: Path, anchors: Path | None, public: Path | None, *, as_json: bool) -> int:
    """Exit status 0 when the chain is intact; raises Unfit, KeyUnusable, StoreError."""
    with opened(settings) as office:
        where = anchors or office.settings.anchor_directory
        if anchors is not None and not anchors.is_dir():
            raise Unfit(f"没有目录 {anchors}。", f"there is no directory {anchors}")
        publics = public_keys(public) if public is not None else anchor_publics(office.keys)
        with views.progress("验证 verifying", shown=not as_json) as report:
            check = audit_verifying.verify_database(office.store, office.settings.gateway_code, where, publics, report)
    return _told(check, as_json=as_json)


def verify_export(directory: Path, public: Path | None, *, as_json: bool) -> int:
    """The same for an export; raises Unfit."""
    if public is None:
        raise Unfit(
            "须用 --public 指定网关公钥：公钥应由网关方另行交付，不取自导出目录。",
            "name the gateway's public key with --public: it comes to you by another way than the export",
        )
    publics: Mapping[str, str] = public_keys(public)
    try:
        with views.progress("验证 verifying", shown=not as_json) as report:
            check = export_verifying.verify_export(directory, publics, report)
    except export_verifying.NotAnExport as fault:
        raise Unfit("该目录不是审计导出。", str(fault)) from None
    return _told(check, as_json=as_json)


def show(settings: Path, asked: Wanted, limit: int, key_file: Path | None, *, as_json: bool) -> None:
    """Print entries; raises Unfit, NotAllowed, KeyUnusable, StoreError."""
    with opened(settings) as office:
        office.reader(key_file, "audit show")
        with office.store.read() as tx:
            entries = audit_reading.found(tx, asked, limit)
    if as_json:
        print_json({"entries": [views.as_data(one) for one in entries]})
    else:
        Console().print(views.table_of(entries))


def export(settings: Path, out: Path, asked: Wanted, key_file: Path | None, *, as_json: bool) -> None:
    """Write an export, and that it was made; raises Unfit, NotAllowed, KeyUnusable, StoreError."""
    with opened(settings) as office:
        actor = office.reader(key_file, f"audit export {out}")
        with views.progress("导出 exporting", shown=not as_json) as report:
            made = _exported(office, out, asked, report)
        after = {
            "first_seq": made.first_seq,
            "last_seq": made.last_seq,
            "count": made.count,
            "digest": made.manifest_digest,
        }
        with office.store.begin() as tx:
            auditing.write(tx, actor, "audit.exported", "audit", office.clock.now_ms(), after=after)
    told = {"directory": str(made.directory), **after}
    if as_json:
        print_json(told)
    else:
        typer.echo(
            f"已导出 {made.count} 条（{made.first_seq} - {made.last_seq}）到 {out}\n"
            f"{made.count} entries ({made.first_seq} - {made.last_seq}) are in {out}; verify them with\n"
            f"gateway audit verify --export {out} --public audit-anchor.pem"
        )


def anchor(settings: Path, *, as_json: bool) -> None:
    """Make today's anchor where there is none yet; raises Unfit, KeyUnusable, StoreError."""
    with opened(settings) as office:
        directory, actor = office.settings.anchor_directory, Actor("local", frozenset(), origin=origin())
        try:
            made = anchor_today(office.store, office.keys, directory, office.clock.now_ms(), actor)
        except OSError as error:
            raise Unfit(f"无法写入 {directory}。", f"{directory} cannot be written: {error.strerror}") from None
    if as_json:
        print_json({"made": made is not None, "path": str(made.path) if made else None})
    elif made is None:
        typer.echo(f"今日已有锚，见 {directory}\ntoday has its anchor already, in {directory}")
    else:
        typer.echo(f"已锚定至第 {made.anchor.seq} 条：{made.path}\nanchored up to entry {made.anchor.seq}: {made.path}")


def _exported(office: AuditOffice, out: Path, asked: Wanted, report: audit_verifying.Progress) -> audit_export.Exported:
    anchors, now = office.settings.anchor_directory, office.clock.now_ms()
    try:
        return audit_export.export(office.store, office.keys, out, asked, now, anchors, report)
    except audit_export.NothingToExport:
        raise Unfit("该时间段内没有审计条目。", "there is no entry in that time") from None
    except FileExistsError:
        raise Unfit(f"{out} 已存在：请换一个目录。", f"{out} exists already: name another directory") from None
    except OSError as error:
        raise Unfit(f"无法写入 {out}。", f"{out} cannot be written: {error.strerror}") from None


def _told(check: ChainCheck, *, as_json: bool) -> int:
    if as_json:
        print_json(views.verdict_data(check))
    else:
        views.say_verdict(Console(), check)
    return 1 if check.faults else 0
