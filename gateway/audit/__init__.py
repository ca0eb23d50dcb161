"""The ``gateway audit`` commands (审计命令)."""
