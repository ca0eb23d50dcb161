"""Job ``poll-files``: fetch what a bank has put into its directories, signature and bytes, as they are.

A data file is taken only together with its signature (but where a dated exception allows it); one without is waited
for, then alerted. What was
fetched is durable before anything is read from it.
"""

from __future__ import annotations

from adapters.endpoints import SftpEndpoint, SftpServerEndpoint
from adapters.file_names import recognise
from gateway.clock import business_date
from gateway.services.context import Bank, Context
from gateway.services.jobs import Later
from gateway.store import alerts, inbox
from gateway.store import work as work_store
from gateway.store.inbox import Received
from gateway.store.records import Work
from gateway.transports.contract import RemoteFile, TransportFault

SIGNATURE_BYTES_MAX = 64 * 1024
FILES_PER_POLL = 1_000
PATIENCE_SECONDS = 60


def poll_files(context: Context, work: Work) -> Later:
    """One round over a bank's acknowledgement and result directories; always due again."""
    bank = context.bank_today(str(work.subject["bank"]))
    again = int(bank.profile.inquiry.every_seconds * 1000)
    try:
        for directory in _directories(bank):
            _collect(context, bank, directory)
    except TransportFault as fault:
        return Later(context.clock.now_ms() + again, str(fault))
    return Later(context.clock.now_ms() + again)


def _directories(bank: Bank) -> list[str]:
    endpoint = bank.profile.transport
    assert isinstance(endpoint, SftpEndpoint | SftpServerEndpoint)  # noqa: S101 - poll-files is put to work for file banks only
    return list(dict.fromkeys((endpoint.acknowledgement_directory, endpoint.result_directory)))


def _collect(context: Context, bank: Bank, directory: str) -> None:
    every = context.bank(bank.profile.bank)
    suffix, fetched = bank.profile.security.detached_suffix, 0
    listed = {file.name: file for file in context.files(bank.profile.bank).list(directory)}
    with context.store.read() as tx:
        known, unread = inbox.listing(tx, bank.profile.bank), inbox.waiting(tx, bank.profile.bank)
    for name, file in listed.items():
        sides = listed.get(name + suffix)
        mark = (file.size + (sides.size if sides else 0), max(file.modified_at, sides.modified_at if sides else 0))
        if name.endswith(suffix) or not _expected(every, name) or known.get(f"{directory}/{name}") == mark:
            continue
        if name in unread:  # what came under this name first may be broken: that is known only once it is read
            continue
        if sides is None and not _taken_unsigned(context, bank, file):
            _complain(context, bank, file)
        elif file.size > bank.profile.limits.result_bytes:
            _too_large(context, bank, file)  # it must not hold up the files after it
        elif fetched < FILES_PER_POLL:  # counted here: a bank that never clears its directories is read to the end
            _fetch(context, bank, directory, file, sides, mark)
            fetched += 1


def _fetch(
    context: Context, bank: Bank, directory: str, file: RemoteFile, sides: RemoteFile | None, mark: tuple[int, int]
) -> None:
    files, limit = context.files(bank.profile.bank), bank.profile.limits.result_bytes
    signature = b"".join(files.get(directory, sides.name, SIGNATURE_BYTES_MAX)) if sides is not None else None
    with context.vault.create("application/octet-stream") as writer:
        for chunk in files.get(directory, file.name, limit):
            writer.write(chunk)
        content = writer.commit()
    now = context.clock.now_ms()
    with context.store.begin() as tx:
        message, received = inbox.receive(tx, bank.profile.bank, file.name, content, signature, now)
        inbox.remember_listing(tx, bank.profile.bank, f"{directory}/{file.name}", *mark)
        if received is Received.NEW:
            subject = {"inbox_id": message.inbox_id, "bank": bank.profile.bank}
            work_store.put(tx, "apply", str(message.inbox_id), subject, due_at_ms=now)
        elif received is Received.CONFLICT:
            alerts.raise_alert(
                tx,
                "result-file-conflict",
                f"{bank.profile.bank}/{file.name}",
                f"银行 {bank.profile.bank} 以相同文件名 {file.name} 送来不同内容，已隔离，未处理；请与银行核实。",
                f"bank {bank.profile.bank} sent other content under the name {file.name}: quarantined, not applied; "
                "clear it up with the bank",
                now,
            )


def _expected(bank: Bank, name: str) -> bool:
    """Whether it is a message of this bank, by the names of any edition: what was sent before keeps its own."""
    editions = (edition.profile.file_names for edition in (bank, *bank.later))
    return any(names is not None and recognise(names, name) is not None for names in editions)


def _taken_unsigned(context: Context, bank: Bank, file: RemoteFile) -> bool:
    """While an exception lasts; a bank that has a key may yet lay its signature beside the file."""
    security = bank.profile.security
    if not security.tolerates("unsigned", business_date(context.clock.now_ms())):
        return False
    return security.verification_key is None or not _recent(context, file)


def _recent(context: Context, file: RemoteFile) -> bool:
    return context.clock.now_ms() - file.modified_at * 1000 < PATIENCE_SECONDS * 1000


def _complain(context: Context, bank: Bank, file: RemoteFile) -> None:
    now = context.clock.now_ms()
    if _recent(context, file):
        return
    with context.store.begin() as tx:
        alerts.raise_alert(
            tx,
            "signature-missing",
            f"{bank.profile.bank}/{file.name}",
            f"银行 {bank.profile.bank} 的文件 {file.name} 没有签名文件，未处理；请银行补送签名。",
            f"file {file.name} of bank {bank.profile.bank} has no signature beside it: not read; ask the bank for it",
            now,
        )


def _too_large(context: Context, bank: Bank, file: RemoteFile) -> None:
    name, limit = bank.profile.bank, bank.profile.limits.result_bytes
    with context.store.begin() as tx:
        alerts.raise_alert(
            tx,
            "file-too-large",
            f"{name}/{file.name}",
            f"银行 {name} 的文件 {file.name} 有 {file.size} 字节，超过上限 {limit}，未读取；请与银行核实或调整上限。",
            f"file {file.name} of bank {name} has {file.size} bytes, above result_bytes {limit}: not read; "
            "clear it up with the bank, or raise the limit",
            context.clock.now_ms(),
        )
