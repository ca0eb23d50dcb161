"""The connections to banks that exchange files, one process's own, made anew when their keys or editions change."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.endpoints import SftpEndpoint, SftpServerEndpoint
from crypto.contract import KeyUnusable
from crypto.keystore import Keystore
from gateway.clock import Clock, business_date
from gateway.services.context import Bank
from gateway.settings import Settings
from gateway.store import alerts
from gateway.store.database import Store
from gateway.transports.contract import FileTransport, Misconfigured
from gateway.transports.exchange_directory import ExchangeDirectory
from gateway.transports.sftp import sftp_transport
from gateway.wiring.live_keys import LiveKeys
from gateway.wiring.ssh_trust import host_keys


@dataclass(frozen=True, slots=True)
class _Material:
    """What a connection rests on."""

    edition: str
    private_keys: tuple[bytes, ...] = field(repr=False)  # ours: the active one, then the retiring ones
    host_keys: tuple[str, ...]


@dataclass(slots=True)
class FileLinks:
    """``Context.files``; for one thread at a time, between the steps of one job."""

    settings: Settings
    banks: dict[str, Bank]
    keys: LiveKeys
    store: Store
    clock: Clock
    _open: dict[str, tuple[_Material, FileTransport]] = field(default_factory=dict)

    def of(self, bank: str) -> FileTransport:
        """By the edition in force and the keys of this moment; raises Misconfigured."""
        known = self.banks[bank].on(business_date(self.clock.now_ms()))
        endpoint = known.profile.transport
        if not isinstance(endpoint, SftpEndpoint | SftpServerEndpoint):
            raise TypeError(f"bank {bank} does not exchange files")
        material = self._material(bank, known.edition, endpoint)
        held = self._open.get(bank)
        if held is not None and held[0] == material:
            return held[1]
        self._let_go(bank)
        transport = self._connection(bank, endpoint, material)
        self._open[bank] = (material, transport)
        return transport

    def _material(self, bank: str, edition: str, endpoint: SftpEndpoint | SftpServerEndpoint) -> _Material:
        if isinstance(endpoint, SftpServerEndpoint):
            return _Material(edition, (), ())  # directories of our own

        def drawn(keys: Keystore) -> _Material:
            pins = host_keys(keys, bank, endpoint.host_keys)
            return _Material(edition, tuple(keys.ssh_keys(endpoint.user_key)), pins)

        try:
            material = self.keys.kept(f"sftp {bank} {edition}", drawn)
        except KeyUnusable as missing:
            self._let_go(bank)  # what a revoked key has opened is not used any longer
            raise Misconfigured(str(missing)) from missing
        if not material.host_keys:
            self._let_go(bank)
            raise Misconfigured(f"bank {bank}: no host key of its SFTP server is trusted; have one activated")
        return material

    def _connection(self, bank: str, endpoint: SftpEndpoint | SftpServerEndpoint, material: _Material) -> FileTransport:
        if isinstance(endpoint, SftpServerEndpoint):
            return ExchangeDirectory(self.settings.exchange_root, endpoint)
        pinned = endpoint.model_copy(update={"host_keys": material.host_keys})
        return sftp_transport(
            pinned,
            material.private_keys,
            lambda: business_date(self.clock.now_ms()),
            lambda fingerprint: self._older_key_taken(bank, fingerprint),
        )

    def _let_go(self, bank: str) -> None:
        held = self._open.pop(bank, None)
        if held is not None:
            held[1].close()

    def _older_key_taken(self, bank: str, fingerprint: str) -> None:
        with self.store.begin() as tx:
            alerts.raise_alert(
                tx,
                "old-ssh-key-used",
                bank,
                f"银行 {bank} 的 SFTP 服务器尚未登记网关的新公钥，现仍以退役中的旧密钥 {fingerprint} 登录；"
                "请催银行登记新公钥，登记前不要结束旧密钥。",
                f"the SFTP server of bank {bank} does not know our new key yet and was entered with the retiring one "
                f"{fingerprint}: have the bank register the new key, and do not end the old one before",
                self.clock.now_ms(),
            )
