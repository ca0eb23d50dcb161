"""Signature and authentication schemes, one small file each; callers come through ``crypto.keystore``."""
