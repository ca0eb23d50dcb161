"""What the data commands work with (静态数据工作台): one gateway's settings, keys, store and vault, opened together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crypto.keystore import Keystore
from gateway import wiring
from gateway.core.authority import Actor
from gateway.keys.identity import prove
from gateway.keys.office import read_own_settings
from gateway.keys.refusals import Unfit
from gateway.services.context import Context
from gateway.services.holding import NoSuchBatch
from gateway.settings import Settings
from gateway.store.audit import ActRefused
from messages.layout.positions import ConfigurationRefused


@dataclass(frozen=True, slots=True)
class DataOffice:
    """One gateway, opened for its data at rest."""

    settings: Settings
    keys: Keystore
    context: Context

    def officer(self, key_file: Path | None, deed: str) -> Actor:
        """Who acts, proven by their key; raises Unfit, KeyUnusable."""
        return prove(self.keys, self.settings, key_file, deed)


@contextmanager
def opened(path: Path) -> Iterator[DataOffice]:
    """Everything opened, and closed again; raises Unfit, KeyUnusable, StoreError."""
    settings = read_own_settings(path)
    try:
        keys = wiring.open_live_keys(settings)
        wiring.open_store(settings).dispose()
        context = wiring.build_context(settings, keys)
    except ConfigurationRefused as refused:
        raise Unfit("配置有误。", str(refused)) from None
    except OSError as error:
        raise Unfit("无法取得密钥库口令。", f"the keystore's passphrase cannot be read: {error}") from None
    try:
        yield DataOffice(settings, keys.now(), context)
    except NoSuchBatch as refused:
        raise Unfit(refused.zh, refused.en) from None
    except ActRefused as refused:
        raise Unfit("该内容不能记入审计：请勿填写姓名、号码等个人信息。", str(refused)) from None
    finally:
        context.store.dispose()
