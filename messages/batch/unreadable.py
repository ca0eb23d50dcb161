"""Content that cannot be read as a whole (无法读取的文件): the batch is refused, no item of it is judged."""

from __future__ import annotations

from enum import StrEnum


class ContentCode(StrEnum):
    """Why the content as a whole is refused."""

    CONTENT_TYPE = "CONTENT_TYPE"  # 内容类型不支持
    UTF16 = "UTF16"  # 文件是 UTF-16
    CHARSET_MISMATCH = "CHARSET_MISMATCH"  # 字符集与声明不符
    EMPTY_CONTENT = "EMPTY_CONTENT"  # 文件为空
    HEADER_ROW = "HEADER_ROW"  # 没有表头
    HEADER_COLUMN_UNKNOWN = "HEADER_COLUMN_UNKNOWN"  # 表头有未定义的列
    HEADER_COLUMN_MISSING = "HEADER_COLUMN_MISSING"  # 表头缺列
    HEADER_COLUMN_REPEATED = "HEADER_COLUMN_REPEATED"  # 表头有重复的列
    TOO_MANY_ITEMS = "TOO_MANY_ITEMS"  # 明细过多


class UnreadableContent(Exception):
    """The content as a whole cannot be read; ``zh`` and ``en`` say what is wrong and what to do."""

    def __init__(self, code: ContentCode, zh: str, en: str):
        self.code, self.zh, self.en = code, zh, en
        super().__init__(f"{code}: {en}")
