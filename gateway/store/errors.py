"""What can go wrong with the store, in words for an operator; never personal data, never a password."""

from __future__ import annotations


class StoreError(Exception):
    """Abstract: the store refused or could not do it; nothing of the transaction is committed."""


class StoreFull(StoreError):
    """No room left on the database's disk (磁盘已满)."""


class StoreUnavailable(StoreError):
    """Locked for too long, connection lost, no such server, damaged file.

    If the connection was lost during a commit, the commit may have happened: do the step again, every
    function of the store is idempotent or guarded.
    """


class StoreRefused(StoreError):
    """The database refused a step, such as a second row under a unique key: a mistake of ours, not of the disk.

    The database's own details are left out, as they may quote the row.
    """


class NoSuchRow(StoreError, LookupError):
    """An id that the store never gave out."""


class WrongState(StoreError):
    """The thing has moved on; this step belongs to an earlier part of its life."""


class BatchConflict(StoreError):
    """Same client and batch number, another header (批次号重复而内容不同)."""


class ContentConflict(StoreError):
    """Other bytes are already stored under this identity."""


class InstructionConflict(StoreError):
    """The message id or one of the segments already belongs to another instruction."""


class StatesMoved(StoreError):
    """Somebody else changed these state bytes first: read them again and decide again."""


class VaultFull(StoreError):
    """No room left on the vault's disk; the partial file was removed."""


class VaultDamaged(StoreError):
    """Bytes at rest are missing, cut or changed."""


class ContentTooLarge(StoreError):
    """The content is larger than the reader is ready to hold."""
