"""``gateway reveal``: one item in clear on the terminal, by an operator who proves who they are and says why (明文查看)."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from gateway.bank.shown import console
from gateway.keys.deeds import prove
from gateway.keys.office import Office, opened
from gateway.keys.refusals import Unfit, explained, print_json
from gateway.services.answer_shapes import ClearItem
from gateway.services.answers import Answers
from gateway.services.clear_reading import ClearReading, NoSuchItem, Purpose, ReadingRefused, Why
from gateway.wiring.parts import INDEX_KEY, SEGMENT_KEY

SHOWN = {
    "name": "户名 name",
    "id_type": "证件类型 id type",
    "id_number": "证件号码 id number",
    "account": "账号 account",
    "mobile": "手机号 mobile",
    "address": "地址 address",
}


def reveal(
    settings: Path, place: tuple[str | None, str, str], why: tuple[str, str], key_file: Path | None, *, as_json: bool
) -> None:
    """Print one item in clear; ``place`` is client, batch and item, ``why`` purpose and number of the paper.

    Ends the command with the reason where it is refused.
    """
    with explained(as_json), opened(settings) as office:
        client, purpose = _client(office, place[0]), _purpose(why[0])
        actor = prove(office, key_file, "reveal", client, *place[1:], *why)
        answers = Answers(office.store, office.keys.segment_sealer(SEGMENT_KEY), office.keys.blind_index(INDEX_KEY))
        reading = ClearReading(office.store, answers, office.clock)
        try:
            item = reading.read(actor, client, place[1], place[2], Why(purpose, why[1]))
        except ReadingRefused as refused:
            raise Unfit(refused.zh, refused.en) from None
        except NoSuchItem:
            raise Unfit(
                "没有该批次或已受理的明细。", "there is no such batch, or no such accepted item in it"
            ) from None
        _show(item, as_json=as_json)


def _client(office: Office, given: str | None) -> str:
    clients = sorted(office.settings.clients)
    if given is not None:
        return given
    if len(clients) != 1:
        raise Unfit("请以 --client 指明客户端。", f"say whose batch it is with --client: {', '.join(clients)}")
    return clients[0]


def _purpose(given: str) -> Purpose:
    try:
        return Purpose(given.upper().replace("-", "_"))
    except ValueError:
        known = ", ".join(purpose.value.lower().replace("_", "-") for purpose in Purpose)
        raise Unfit(f"目的须为其中之一：{known}。", f"the purpose is one of {known}") from None


def _show(item: ClearItem, *, as_json: bool) -> None:
    if as_json:
        print_json(item.model_dump(mode="json"))
        return
    table = Table("项目 field", "内容 value", title=f"{item.item_id} {item.reference} {item.bank}")
    for name, words in SHOWN.items():
        table.add_row(words, getattr(item, name) or "-")
    console().print(table)
