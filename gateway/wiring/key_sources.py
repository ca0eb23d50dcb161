"""Where a process has the keystore's passphrase and its devices from, after the settings (口令与密码机的来源).

One source a process: a person is asked once, however often the keystore is opened. A worker process is handed its
parent's source through the pipe that starts it: nothing is in its arguments or its environment, and nobody is asked again.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from crypto.key_provider import KeyProvider
from crypto.passphrase import EnvironmentPassphrase, FilePassphrase, PassphraseSource, PromptedPassphrase
from crypto.pkcs11_provider import Pkcs11Provider
from crypto.private_file import read_private
from gateway.settings import KeystoreSettings

_sources: Final[dict[KeystoreSettings, PassphraseSource]] = {}
_providers: Final[dict[KeystoreSettings, list[KeyProvider]]] = {}


def passphrase_source(settings: KeystoreSettings) -> PassphraseSource:
    """This process's source; may be pickled."""
    if settings not in _sources:
        _sources[settings] = _source(settings)
    return _sources[settings]


def hand_over(settings: KeystoreSettings, source: PassphraseSource) -> None:
    """In a worker process, before it opens the keystore: the source of its parent."""
    _sources[settings] = source


def providers(settings: KeystoreSettings) -> list[KeyProvider]:
    """The devices of this process, one session pool each; they are reached when a key in them is first used."""
    if settings not in _providers:
        device = settings.pkcs11
        _providers[settings] = (
            [Pkcs11Provider(device.module, device.token, partial(read_private, device.pin_file, "PIN file"))]
            if device is not None
            else []
        )
    return _providers[settings]


def _source(settings: KeystoreSettings) -> PassphraseSource:
    if settings.passphrase_file is not None:
        return FilePassphrase(settings.passphrase_file)
    if settings.passphrase_env is not None:
        return EnvironmentPassphrase(settings.passphrase_env)
    return PromptedPassphrase()
